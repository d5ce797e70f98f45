import { expect, test } from "vitest";
import { parseDuration, shortSpan } from "../../../../src/cli/output/duration.ts";

test.each([
  ["0s", 0],
  ["30s", 30_000],
  ["5m", 300_000],
  ["1h30m", 5_400_000],
  ["2d", 172_800_000],
])("%s is %i ms", (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

test.each(["", "5", "m", "5 m", "-5m", "1.5h", "5M", "5ms", "5m ", "9999999999s"])("%j is no span", (text) => {
  expect(parseDuration(text)).toBeUndefined();
});

test.each([
  [-5_000, "0s"],
  [999, "0s"],
  [59_999, "59s"],
  [60_000, "1m"],
  [7_199_999, "1h"],
  [86_400_000, "1d"],
])("%i ms are shown as %s", (ms, text) => {
  expect(shortSpan(ms)).toBe(text);
});
