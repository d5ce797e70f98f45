import type { DescMessage, Message } from "@bufbuild/protobuf";
import type { AuthorizationRow, FieldReference } from "./authorization.ts";
import { type FieldReader, fieldReader } from "./field-reader.ts";
import { defaultWorkspace } from "./sandbox-name.ts";

/** What one field says about a sandbox. */
export interface ReadReference {
  readonly by: "id" | "name";
  readonly text: string;
  /** For names: the workspace, where it was left out the default one. */
  readonly workspace: string;
  /** The field as the proto spells it. */
  readonly spelled: string;
}

export interface ReferenceReaders {
  /** The primary field as the proto spells it; empty where the method names no sandbox. */
  readonly spelled: string;
  /** What the primary field says; undefined where the message that would hold it is not set (another case of a oneof). */
  primary(message: Message): ReadReference | undefined;
  /** What the further fields say, those left empty aside. */
  also(message: Message): readonly ReadReference[];
}

const nothing: readonly ReadReference[] = [];
const none: ReferenceReaders = { spelled: "", primary: () => undefined, also: () => nothing };

/** Compiles the references of a method's row against its request message. */
export function referenceReaders(input: DescMessage, row: AuthorizationRow): ReferenceReaders {
  if (row.sandbox?.from !== "request") return none;
  const primary = referenceReader(input, row.sandbox);
  const also = row.sandbox.also.map((reference) => referenceReader(input, reference));
  return {
    spelled: primary.spelled,
    primary: (message) => primary.first(message),
    also:
      also.length === 0
        ? () => nothing
        : (message) => also.flatMap(({ read }) => read(message).filter(({ text }) => text)),
  };
}

function referenceReader(input: DescMessage, { by, field, workspace }: FieldReference) {
  const text = fieldReader(input, field);
  const space: FieldReader | undefined = workspace && fieldReader(input, workspace);
  const { spelled } = text;
  const workspaceOf = (message: Message) => space?.first(message) || defaultWorkspace;
  return {
    spelled,
    first(message: Message): ReadReference | undefined {
      const found = text.first(message);
      return found === undefined ? undefined : { by, text: found, workspace: workspaceOf(message), spelled };
    },
    read(message: Message): readonly ReadReference[] {
      const named = workspaceOf(message);
      return text.read(message).map((value) => ({ by, text: value, workspace: named, spelled }));
    },
  };
}
