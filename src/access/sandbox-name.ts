import { Refusal } from "../core/refusal.ts";

const label = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;

/** The workspace that an empty workspace field stands for. */
export const defaultWorkspace = "default";

/** Whether a text can name or identify a sandbox: a DNS label, which a UUID in lower case is too. */
const isLabel = (text: string): boolean => label.test(text);

/**
 * Demands the one spelling that ids and names have, so that nothing that looks alike passes as a sandbox.
 * @throws Refusal `request-invalid`, with the field, the value's shape and what was expected; never the value.
 */
export function requireLabel(text: string, field: string): void {
  if (isLabel(text)) return;
  const shape = text === "" ? "nothing" : `${text.length} characters that are not all of these, or too many`;
  throw new Refusal("request-invalid", {
    says: `${field}: expected 1 to 63 characters of a-z, 0-9 and "-", neither first nor last a "-"; got ${shape}`,
  });
}
