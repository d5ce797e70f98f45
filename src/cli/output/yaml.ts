import type { JsonValue } from "@bufbuild/protobuf";

/** What YAML 1.2 does not allow to stand unescaped in a double-quoted scalar, beyond what JSON escapes already. */
const unprintable = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]|[\ud800-\udfff]/g;

/** A JSON string is a YAML double-quoted scalar, but for characters that JSON lets stand (YAML 1.2, sections 5.1, 7.3.1). */
function quote(text: string): string {
  const wellFormed = JSON.stringify(text);
  return [...wellFormed]
    .map((character) =>
      character.length === 1
        ? character.replace(unprintable, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
        : character,
    )
    .join("");
}

function isEmpty(value: JsonValue): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

function scalar(value: JsonValue): string | undefined {
  if (typeof value === "string") return quote(value);
  if (value === null || typeof value !== "object") return String(value);
  return isEmpty(value) ? (Array.isArray(value) ? "[]" : "{}") : undefined;
}

function lines(value: JsonValue): string[] {
  const alone = scalar(value);
  if (alone !== undefined) return [alone];
  if (Array.isArray(value)) {
    return value.flatMap((item) => lines(item).map((text, index) => (index === 0 ? `- ${text}` : `  ${text}`)));
  }
  return Object.entries(value as object).flatMap(([key, item]: [string, JsonValue]) => {
    const inline = scalar(item);
    return inline === undefined
      ? [`${quote(key)}:`, ...lines(item).map((text) => `  ${text}`)]
      : [`${quote(key)}: ${inline}`];
  });
}

/** JSON data as a block-style YAML 1.2 document. Every string and key is double-quoted, so none can be taken for another type. */
export function toYaml(value: JsonValue): string {
  return `${lines(value).join("\n")}\n`;
}
