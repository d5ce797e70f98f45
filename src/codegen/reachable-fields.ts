import type { DescField, DescMessage } from "@bufbuild/protobuf";

/** A field that a request can carry, at any depth. */
export interface ReachableField {
  readonly field: DescField;
  /** Local names from the request to the field. */
  readonly path: readonly string[];
  /** Whether a repeated message lies on the path: the field then stands for several values. */
  readonly repeated: boolean;
  /** What on the path no list of field names can follow. */
  readonly beyond: "a map" | "a message within itself" | undefined;
}

type Way = Omit<ReachableField, "field"> & { readonly within: readonly DescMessage[] };

/** All fields of a message and of the messages in it. A message within itself is entered once more, then left. */
export function reachableFields(message: DescMessage): Generator<ReachableField> {
  return fieldsOf(message, { path: [], repeated: false, beyond: undefined, within: [] });
}

function* fieldsOf(message: DescMessage, { path, repeated, beyond, within }: Way): Generator<ReachableField> {
  const around = [...within, message];
  for (const field of message.fields) {
    const here = [...path, field.localName];
    yield { field, path: here, repeated, beyond };
    if (!field.message || (beyond && around.includes(field.message))) continue;
    yield* fieldsOf(field.message, {
      path: here,
      repeated: repeated || field.fieldKind === "list",
      beyond: beyond ?? obstacle(field, around),
      within: around,
    });
  }
}

function obstacle(field: DescField, around: readonly DescMessage[]): ReachableField["beyond"] {
  if (field.fieldKind === "map") return "a map";
  return field.message && around.includes(field.message) ? "a message within itself" : undefined;
}
