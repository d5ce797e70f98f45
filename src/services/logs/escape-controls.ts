/** C0 and C1 controls and what reorders or hides text, but for the tab; lone surrogates, which no UTF-8 can spell. */
const unfit = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu;

/**
 * Makes text from a sandbox harmless to whoever prints it: controls become `\u{1b}` and the like, and what is
 * longer than `maxLength` UTF-16 units is cut, with an ellipsis as its last character.
 */
export function escapeControls(text: string, maxLength: number, keep = "\t"): string {
  const head = text.length > maxLength ? text.slice(0, maxLength) : text;
  const escaped = head.replace(unfit, (unit) =>
    keep.includes(unit) ? unit : `\\u{${unit.codePointAt(0)?.toString(16)}}`,
  );
  return escaped.length > maxLength || head !== text ? `${escaped.slice(0, maxLength - 1).toWellFormed()}…` : escaped;
}
