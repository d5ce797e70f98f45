import { Refusal } from "../../core/refusal.ts";

/**
 * Refuses a request for one of its fields, named as the proto spells it: what was expected there, and the shape of what
 * came. The value itself is not repeated; it may be a secret that was put into the wrong field.
 */
export function complaint(field: string, expected: string, got: string): Refusal {
  return new Refusal("request-invalid", { says: `${field}: expected ${expected}, got ${got}` });
}

export const shapeOf = (text: string): string => (text === "" ? "nothing" : `${text.length} characters`);
