import { isKey, isLabelValue } from "./check-labels.ts";
import { demand, shapeOf } from "./demand.ts";

/** Whether a sandbox's labels are what somebody asked for. */
export type LabelSelector = (labels: Readonly<Record<string, string>>) => boolean;

const longestSelector = 4096;
const requirement = /^\s*(?<absent>!)?\s*(?<key>[^\s=!]+)\s*(?:(?<operator>==?|!=)\s*(?<value>[^\s=!]*))?\s*$/;

/**
 * Reads a selector: `key=value` (or `==`), `key!=value` (true also without the key), `key` and `!key`, separated by
 * commas, all of which must hold. An empty one selects everything.
 * @throws Refusal `request-invalid`.
 */
export function parseLabelSelector(text: string): LabelSelector {
  demand(text.length <= longestSelector, "label_selector", `at most ${longestSelector} characters`, `${text.length}`);
  if (text.trim() === "") return () => true;
  const selectors = text.split(",").map(parseRequirement);
  return (labels) => selectors.every((matches) => matches(labels));
}

function parseRequirement(text: string, index: number): LabelSelector {
  const { absent, key = "", operator, value = "" } = requirement.exec(text)?.groups ?? {};
  const isSound = isKey(key) && isLabelValue(value) && (absent === undefined || operator === undefined);
  const field = `label_selector, part ${index + 1}`;
  demand(isSound, field, "key=value, key!=value, key or !key, in the characters of labels", shapeOf(text));
  if (operator === undefined) return (labels) => Object.hasOwn(labels, key) === (absent === undefined);
  const valueIn = (labels: Readonly<Record<string, string>>) => (Object.hasOwn(labels, key) ? labels[key] : undefined);
  return operator === "!=" ? (labels) => valueIn(labels) !== value : (labels) => valueIn(labels) === value;
}
