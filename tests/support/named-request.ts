import { type DescMessage, fromJson, type JsonObject, type JsonValue, type MessageShape } from "@bufbuild/protobuf";
import type { AuthorizationRow, FieldReference } from "../../src/access/index.ts";

/** What a request calls a sandbox, by id and by name. */
export interface Names {
  readonly id: string;
  readonly name: string;
}

/**
 * A request that names a sandbox in every field that its method's row marks, and holds `more` beside.
 * @param primary what the field names that the method is scoped by
 * @param also what further fields name
 */
export function namedRequest<D extends DescMessage>(input: D, ...about: About): MessageShape<D> {
  return fromJson(input, namedJson(input, ...about));
}

type About = [row: AuthorizationRow, more: JsonObject, primary: Names, also?: Names];

/** The same as JSON. */
export function namedJson(input: DescMessage, ...[row, more, primary, also = primary]: About): JsonObject {
  const marked = row.sandbox?.from === "request" ? [at(input, row.sandbox, primary)] : [];
  const further = row.sandbox?.from === "request" ? row.sandbox.also.map((one) => at(input, one, also)) : [];
  return [more, ...marked, ...further].reduce(merged, {});
}

const at = (input: DescMessage, { by, field }: FieldReference, names: Names) => nested(input, field, names[by]);

function nested(input: DescMessage, [name = "", ...rest]: readonly string[], text: string): JsonObject {
  const field = input.field[name];
  if (!field) throw new Error(`${input.typeName} has no field ${name}`);
  const inner: JsonValue = rest.length > 0 && field.message ? nested(field.message, rest, text) : text;
  return { [field.jsonName]: field.fieldKind === "list" ? [inner] : inner };
}

/** Both objects in one; where both have a member that is no object, the second one's. */
export function merged(one: JsonObject, other: JsonObject): JsonObject {
  const result = { ...one };
  for (const [key, value] of Object.entries(other)) {
    const before = result[key];
    result[key] = isObject(before) && isObject(value) ? merged(before, value) : value;
  }
  return result;
}

const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);
