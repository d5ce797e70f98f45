import { Secret } from "../core/secret.ts";
import { scrubText } from "./scrub-text.ts";

const longestText = 8_192;
const mostEntries = 100;
const deepest = 8;

/**
 * A log line's fields as plain data without credentials: errors keep their message, stack and cause; what is too long,
 * too deep or circular is cut.
 */
export function scrubFields(fields: object): Record<string, unknown> {
  const scrubbed = scrub(fields, []);
  return typeof scrubbed === "object" && scrubbed !== null ? { ...scrubbed } : { value: scrubbed };
}

function scrub(value: unknown, within: readonly object[]): unknown {
  if (typeof value === "string") return cut(scrubText(value));
  if (typeof value === "bigint") return value.toString();
  if (typeof value !== "object" || value === null) return typeof value === "function" ? "[function]" : value;
  if (value instanceof Secret) return "[secret]";
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (within.includes(value)) return "[circular]";
  if (within.length >= deepest) return "[too deep]";
  const inner = (one: unknown) => scrub(one, [...within, value]);
  if (value instanceof Error) return record(errorEntries(value), inner);
  if (value instanceof Map)
    return record(
      [...value].map(([key, one]) => [String(key), one]),
      inner,
    );
  if (Array.isArray(value) || value instanceof Set) return list([...value], inner);
  return record(Object.entries(value), inner);
}

type Scrub = (value: unknown) => unknown;

function errorEntries(error: Error): [string, unknown][] {
  const { name, message, stack, cause, ...rest } = error;
  const more = error instanceof AggregateError ? { errors: error.errors } : {};
  const entries = Object.entries({ type: name, message, stack, cause, ...rest, ...more });
  return entries.filter(([, value]) => value !== undefined);
}

const record = (entries: readonly [string, unknown][], inner: Scrub): Record<string, unknown> =>
  Object.fromEntries(entries.slice(0, mostEntries).map(([key, value]) => [cut(scrubText(key)), inner(value)]));

function list(values: readonly unknown[], inner: Scrub): unknown[] {
  const kept = values.slice(0, mostEntries).map(inner);
  return values.length > mostEntries ? [...kept, `[${values.length - mostEntries} more]`] : kept;
}

const cut = (text: string): string =>
  text.length > longestText ? `${text.slice(0, longestText)}[${text.length - longestText} characters more]` : text;
