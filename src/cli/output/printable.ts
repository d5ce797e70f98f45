/** Control characters (C0, DEL, C1), line and paragraph separators, and those that reorder text. */
const unprintable = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

const short: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/**
 * Text from the wire as one line that a terminal shows and never obeys: what a sandbox logs must not move the cursor,
 * rename the window or hide other text. Unprintable characters become escapes such as `\u001b`.
 */
export function printable(text: string): string {
  return text.replace(
    unprintable,
    (character) => short[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
