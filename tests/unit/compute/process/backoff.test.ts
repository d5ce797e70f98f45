import { expect, test } from "vitest";
import { Backoff } from "../../../../src/compute/process/backoff.ts";

const waits = (random: number, runs: readonly number[]) => {
  const backoff = new Backoff(() => random);
  return runs.map((ranMs) => backoff.next(ranMs));
};

test("waits double up to thirty seconds", () => {
  expect(waits(0, [0, 0, 0, 0, 0, 0])).toEqual([2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
});

test("waits spread down to half, and never under a second", () => {
  expect(waits(0.999_999, [0, 0, 0, 0, 0, 0])).toEqual([1_000, 2_000, 4_000, 8_000, 15_000, 15_000]);
});

test("only a run of a minute begins anew", () => {
  expect(waits(0, [0, 59_999, 60_000, 0])).toEqual([2_000, 4_000, 2_000, 4_000]);
});
