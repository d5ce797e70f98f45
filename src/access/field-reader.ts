import type { DescField, DescMessage, Message } from "@bufbuild/protobuf";
import type { FieldPath } from "./authorization.ts";

/** Reads a text field at a path. */
export interface FieldReader {
  /** The path as the proto spells it, for error texts, for instance `hello.sandbox_id`. */
  readonly spelled: string;
  /** One value for each message that the path leads to, none where a message is not set. */
  read(message: Message): readonly string[];
  /** The first of them. */
  first(message: Message): string | undefined;
}

/**
 * Compiles a path of local names against a message's descriptor, once, so that a call only walks objects.
 * @throws Error where the path does not lead to a text field: the table was generated from another contract.
 */
export function fieldReader(input: DescMessage, path: FieldPath): FieldReader {
  const fields = resolve(input, path);
  const isSingle = fields.every(({ fieldKind }) => fieldKind !== "list");
  const read = (message: Message) => walk([message], fields);
  return {
    spelled: fields.map((field) => field.name).join("."),
    read,
    first: isSingle ? (message) => follow(message, fields) : (message) => read(message)[0],
  };
}

function resolve(input: DescMessage, path: FieldPath): DescField[] {
  const fields: DescField[] = [];
  let message: DescMessage | undefined = input;
  for (const name of path) {
    const field: DescField | undefined = message?.field[name];
    if (!field) throw new Error(`${input.typeName} has no field ${path.join(".")}`);
    fields.push(field);
    message = field.message;
  }
  const last = fields.at(-1);
  if (last?.fieldKind !== "scalar") throw new Error(`${input.typeName}.${path.join(".")} is not a text field`);
  return fields;
}

/** The text at the end of a path without repeated fields. */
function follow(message: Message, fields: readonly DescField[]): string | undefined {
  let found: unknown = message;
  for (const field of fields) {
    found = valueAt(found, field);
    if (found === undefined) return undefined;
  }
  return typeof found === "string" ? found : undefined;
}

function walk(messages: readonly unknown[], fields: readonly DescField[]): readonly string[] {
  let found = messages;
  for (const field of fields) {
    found = found.flatMap((message) => valueAt(message, field) ?? []);
  }
  return found.filter((value) => typeof value === "string");
}

function valueAt(message: unknown, field: DescField): unknown {
  const record = message as Record<string, unknown>;
  return field.oneof ? memberOf(record[field.oneof.localName], field.localName) : record[field.localName];
}

function memberOf(oneof: unknown, name: string): unknown {
  const { case: chosen, value } = oneof as { case: string | undefined; value?: unknown };
  return chosen === name ? value : undefined;
}
