/** Texts that can be shown: short, plain, and no credential's beginning. */
const showable = /^(?!eyJ)[\w .,:/@*+-]{0,48}$/;
/** `name:password@` of a URL. */
const userInfo = /\/\/[^/]*@/;

/** What a wrong value looks like, for a message that must not repeat a secret. */
export function shapeOf(value: unknown, { secret = false } = {}): string {
  if (typeof value === "string") return shapeOfText(value, secret);
  if (typeof value === "number" || typeof value === "bigint") return `the number ${value}`;
  if (typeof value === "boolean") return String(value);
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (value instanceof Date) return "a date";
  return value === undefined ? "nothing" : "a table";
}

function shapeOfText(text: string, secret: boolean): string {
  if (text === "") return "an empty string";
  if (!secret && showable.test(text) && !userInfo.test(text)) return `the string ${JSON.stringify(text)}`;
  return `a string of ${text.length} characters`;
}
