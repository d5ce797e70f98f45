/** Control and format characters, line and paragraph separators, private and unassigned ones. */
const unprintable = /[\p{C}\p{Zl}\p{Zp}]/gu;
const plain = /^[ -~]*$/;

/** Text that stays on its line and shows what it is: unprintable characters become escapes such as `\u{202e}`. */
export const printable = (text: string): string =>
  plain.test(text) ? text : text.replace(unprintable, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
