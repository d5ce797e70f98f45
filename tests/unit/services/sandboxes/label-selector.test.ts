import { expect, test } from "vitest";
import { parseLabelSelector } from "../../../../src/services/sandboxes/label-selector.ts";

const labels = { team: "red", "example.com/tier": "1", empty: "" };

test.each([
  ["", true],
  ["  ", true],
  ["team=red", true],
  ["team==red", true],
  ["team=blue", false],
  ["team!=blue", true],
  ["team!=red", false],
  ["other!=red", true],
  ["other=red", false],
  ["team", true],
  ["other", false],
  ["!other", true],
  ["!team", false],
  ["empty=", true],
  ["team=", false],
  ["example.com/tier=1", true],
  [" team = red , example.com/tier != 2 , !other ", true],
  ["team=red,other", false],
  ["toString", false],
  ["constructor!=x", true],
])("%j selects: %j", (selector, expected) => {
  expect(parseLabelSelector(selector)(labels)).toBe(expected);
});

test.each([
  ["nothing between commas", "a,,b"],
  ["a comma at the end", "a,"],
  ["no key", "=red"],
  ["only an operator", "!="],
  ["an operator that there is none of", "a>1"],
  ["two operators", "a=b=c"],
  ["a set", "a in (b)"],
  ["a negated comparison", "!a=b"],
  ["a value with a space", "a=b c"],
  ["a key with a space", "a b"],
  ["a key that is none", "-a"],
  ["a NUL", "a\0"],
  ["far too much", "a,".repeat(5000)],
])("%s is refused with words that say what is expected", (_what, selector) => {
  expect(() => parseLabelSelector(selector)).toThrow(/^label_selector/);
});
