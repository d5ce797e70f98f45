import { demand, shapeOf, shownKey } from "./demand.ts";

const mostLabels = 64;
const mostAnnotations = 64;
const annotationsLength = 64 * 1024;

const keyShape =
  "an optional DNS prefix and /, then 1 to 63 characters of A-Z, a-z, 0-9, -, _ and ., first and last a letter or digit";
const valueShape = "at most 63 characters of A-Z, a-z, 0-9, -, _ and ., first and last a letter or digit";

const name = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const prefix = /^(?=.{1,253}$)[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?)*$/;

/** Whether a text is a key of a label or an annotation, spelled as Kubernetes spells them, whose users' habit it is. */
export function isKey(text: string): boolean {
  const parts = text.split("/");
  const [last = "", domain] = parts.reverse();
  return parts.length <= 2 && name.test(last) && (domain === undefined || prefix.test(domain));
}

/** Whether a text is a label's value; it may be empty. */
export const isLabelValue = (text: string): boolean => text === "" || name.test(text);

/** @throws Refusal `request-invalid`. */
export function checkLabels(labels: Readonly<Record<string, string>>, field: string): void {
  checkKeys(labels, field, mostLabels);
  for (const [key, value] of Object.entries(labels)) {
    demand(isLabelValue(value), `${field}[${shownKey(key)}]`, valueShape, shapeOf(value));
  }
}

/** @throws Refusal `request-invalid`. */
export function checkAnnotations(annotations: Readonly<Record<string, string>>, field: string): void {
  checkKeys(annotations, field, mostAnnotations);
  const length = Object.entries(annotations).reduce((sum, [key, value]) => sum + key.length + value.length, 0);
  demand(length <= annotationsLength, field, `at most ${annotationsLength} characters in all`, `${length}`);
}

function checkKeys(map: Readonly<Record<string, string>>, field: string, most: number): void {
  const keys = Object.keys(map);
  demand(keys.length <= most, field, `at most ${most} entries`, `${keys.length}`);
  for (const key of keys) demand(isKey(key), `${field}[${shownKey(key)}]`, keyShape, shapeOf(key));
}
