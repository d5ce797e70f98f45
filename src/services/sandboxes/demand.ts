import { Refusal } from "../../core/refusal.ts";

/**
 * Demands that a value of a request is as it must be.
 * @throws Refusal `request-invalid` that names the field and says what was expected and what came instead, by its shape:
 * values may be secrets.
 */
export function demand(holds: boolean, field: string, expected: string, got: string): void {
  if (!holds) throw new Refusal("request-invalid", { says: `${field}: expected ${expected}; got ${got}` });
}

/** A text's shape: its length, and whether it holds what people do not see. */
export function shapeOf(text: string): string {
  const hidden = /\p{C}/u.test(text) ? ", some of them not printable" : "";
  return text === "" ? "nothing" : `${text.length} characters${hidden}`;
}

const longestShown = 40;

/** A key as it may stand in a message: as it is where it is short and printable, else by its shape. */
export function shownKey(key: string): string {
  return key !== "" && key.length <= longestShown && !/[\p{C}"]/u.test(key) ? `"${key}"` : `a key of ${shapeOf(key)}`;
}
