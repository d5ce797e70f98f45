import { inspect } from "node:util";
import { expect, test } from "vitest";
import { Secret } from "../../../src/core/secret.ts";

const secret = new Secret("hunter2-value");

test.each([
  ["a template", `${secret}`],
  ["JSON", JSON.stringify({ deep: { secret } })],
  ["inspect", inspect({ deep: [secret] }, { depth: 9, showHidden: true })],
  ["its own keys", JSON.stringify(Object.entries(secret))],
  ["an error's cause", inspect(new Error("failed", { cause: secret }))],
  ["concatenation", `token ${secret.toString()}`],
])("%s does not show it (T7)", (_where, shown) => {
  expect(shown).not.toContain("hunter2");
});

test("the one place that needs it gets it", () => {
  expect(secret.reveal()).toBe("hunter2-value");
});

test.each([
  ["the same value", "hunter2-value", true],
  ["another of the same length", "hunter3-value", false],
  ["a shorter one", "hunter2", false],
  ["nothing", "", false],
])("it compares with %s", (_what, value, equal) => {
  expect(secret.equals(new Secret(value))).toBe(equal);
});
