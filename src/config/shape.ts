/** Texts that can be shown: short and plain. */
const showable = /^[\w .,:/@*+-]{0,48}$/;
/** The beginning of a token, and what stands before the @ of a URL. */
const credential = /\beyJ|:\/.*@|\/\/[^/]*:[^/]*@/;
/** What would move a cursor, begin a line, or turn the direction of what follows. */
const unfit = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/u;
const longestPath = 4_095;
const longestKey = 48;

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
  if (!secret && showable.test(text) && !credential.test(text)) return `the string ${JSON.stringify(text)}`;
  return `a string of ${text.length} characters`;
}

/** Whether a text can be a path, and be told where the file is not there: no credential that was put in a wrong place. */
export const isPath = (text: string): boolean => text !== "" && text.length <= longestPath && isFitToShow(text);

/** Whether a text is a URL of HTTP that names no user: a password would have to be hidden wherever it is told. */
export function isHttpUrl(text: string): boolean {
  if (!isFitToShow(text) || !URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return (protocol === "http:" || protocol === "https:") && username === "" && password === "";
}

/** A key of a file as it may stand in a message. */
export function shownKey(key: string): string {
  if (key === "") return '""';
  return key.length <= longestKey && isFitToShow(key) ? key : `(a key of ${key.length} characters)`;
}

/** Whether a text stays on its line, shows what it is, and holds no credential by its form. */
export const isFitToShow = (text: string): boolean => !unfit.test(text) && !credential.test(text);
