import { expect, test } from "vitest";
import { LineSplitter, longestLine } from "../../../src/supervisor/split-lines.ts";

const split = (...chunks: (string | Buffer)[]) => {
  const lines: string[] = [];
  const splitter = new LineSplitter((line) => lines.push(line));
  for (const chunk of chunks) splitter.write(Buffer.from(chunk));
  splitter.end();
  return lines;
};

test.each([
  ["a line in three chunks", ["a", "b", "c\n"], ["abc"]],
  ["two lines in a chunk", ["a\nb\n"], ["a", "b"]],
  ["an empty line", ["a\n\nb\n"], ["a", "", "b"]],
  ["no line's end", ["a\nb"], ["a", "b"]],
  ["carriage returns", ["a\r\nb\r\n"], ["a", "b"]],
  ["nothing", [""], []],
])("%s", (_name, chunks, lines) => {
  expect(split(...chunks)).toEqual(lines);
});

test("a character whose bytes arrive apart stays whole", () => {
  const bytes = Buffer.from("€\n");
  expect(split(bytes.subarray(0, 1), bytes.subarray(1))).toEqual(["€"]);
});

test("a line without an end does not grow for ever", () => {
  const said = split("x".repeat(longestLine * 3 + 5));
  expect(said.map((piece) => piece.length)).toEqual([longestLine, longestLine, longestLine, 5]);
});

test("a long line that ends is cut into the same pieces", () => {
  expect(split(`${"x".repeat(longestLine + 1)}\n`).map((piece) => piece.length)).toEqual([longestLine, 1]);
});
