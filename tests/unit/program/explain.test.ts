import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { explain } from "../../../src/program/explain.ts";

function thrownBy(action: () => unknown): unknown {
  try {
    return action();
  } catch (thrown) {
    return thrown;
  }
}

const absent = thrownBy(() => readFileSync("/nowhere/at/all"));
const unparsed = thrownBy(() => JSON.parse("hunter2"));

test.each([
  ["an error alone", new Error("no luck"), "no luck"],
  [
    "what the system said",
    new Error("no luck", { cause: absent }),
    "no luck (ENOENT: no such file or directory, open '/nowhere/at/all')",
  ],
  [
    "what the system said further down",
    new Error("no luck", { cause: new Error("between", { cause: absent }) }),
    "no luck (ENOENT: no such file or directory, open '/nowhere/at/all')",
  ],
  ["what is no error", "hunter2", "failed"],
  ["no cause that is none", new Error("no luck", { cause: "hunter2" }), "no luck"],
])("%s is told", (_what, failed, said) => {
  expect(explain(failed)).toBe(said);
});

test("nothing is told twice", () => {
  const said = `no luck: ${(absent as Error).message}`;
  expect(explain(new Error(said, { cause: absent }))).toBe(said);
});

test("T7: what a parser quotes is not told", () => {
  expect((unparsed as Error).message).toContain("hunter2");
  expect(explain(new Error("it is no JSON", { cause: unparsed }))).toBe("it is no JSON");
});
