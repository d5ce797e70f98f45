import { expect, test } from "vitest";
import { describeFailure } from "../../../src/http/describe-failure.ts";

const token = `${"a".repeat(20)}.${"b".repeat(20)}.${"c".repeat(86)}`;

test.each([
  ["a message", new Error(`bad ${token}`)],
  ["a cause", new Error("x", { cause: new Error(`bad ${token}`) })],
  ["a thrown text", `bad ${token}`],
  ["a cause that is a text", new Error("x", { cause: `Bearer ${token}` })],
])("a token in %s is taken out", (_what, thrown) => {
  const text = describeFailure(thrown);
  expect(text).toContain("[token]");
  expect(text).not.toMatch(/aaaa|bbbb|cccc/);
});

test("causes are told, and a circle of them ends", () => {
  const first = new Error("first");
  const second = new Error("second", { cause: first });
  first.cause = second;
  const text = describeFailure(second);
  expect(text).toContain("caused by Error: first");
  expect(text.length).toBeLessThanOrEqual(4_000);
});
