import { stripVTControlCharacters } from "node:util";
import { expect, test } from "vitest";
import { choosePaint } from "../../../../src/cli/output/paint.ts";
import { record, table } from "../../../../src/cli/output/table.ts";

const plain = choosePaint({ isTty: false, env: {} });
const coloured = choosePaint({ isTty: true, env: {} });

test("columns are as wide as their widest cell, and lines end without spaces", () => {
  expect(
    table(
      ["NAME", "PHASE"],
      [
        ["a", "Ready"],
        ["longer-name", ""],
      ],
      plain,
    ),
  ).toBe("NAME         PHASE\na            Ready\nlonger-name\n");
});

test("without rows there are headings", () => {
  expect(table(["NAME", "PHASE"], [], plain)).toBe("NAME  PHASE\n");
});

test("letters of several code points count as one", () => {
  expect(
    table(
      ["A", "B"],
      [
        ["e\u0301👩‍🚀", "x"],
        ["abc", "y"],
      ],
      plain,
    ),
  ).toBe("A    B\ne\u0301👩‍🚀   x\nabc  y\n");
});

test("colours do not change the alignment", () => {
  const rows = [
    [{ text: "Ready", colour: "green" as const }, "1"],
    ["Provisioning", "2"],
  ];
  const painted = table(["PHASE", "N"], rows, coloured);
  expect(painted).toContain("\u001b[32mReady\u001b[39m");
  expect(stripVTControlCharacters(painted)).toBe(table(["PHASE", "N"], rows, plain));
});

test("a cell stays in its line and cannot command the terminal", () => {
  expect(table(["A"], [["x\n\u001b[31my\u009bz\u2028"]], plain)).toBe("A\nx\\n\\u001b[31my\\u009bz\\u2028\n");
});

test("a record leaves out what has no value", () => {
  expect(
    record(
      [
        ["Name", "a"],
        ["Labels", ""],
        ["Command", undefined],
        ["Id", "1"],
      ],
      plain,
    ),
  ).toBe("Name  a\nId    1\n");
});

test.each([
  ["a pipe", { isTty: false, env: {} }, false],
  ["a terminal", { isTty: true, env: {} }, true],
  ["a terminal whose user declines", { isTty: true, env: { NO_COLOR: "1" } }, false],
  ["an empty NO_COLOR, which counts as none", { isTty: true, env: { NO_COLOR: "" } }, true],
  ["a dumb terminal", { isTty: true, env: { TERM: "dumb" } }, false],
])("colours: %s", (_name, surroundings, colours) => {
  expect(choosePaint(surroundings)("red", "x") !== "x").toBe(colours);
});
