import { expect, test } from "vitest";
import { Backoff } from "../../../src/supervisor/backoff.ts";

const waits = (backoff: Backoff, count: number) => Array.from({ length: count }, () => backoff.next());

test("waits double up to the cap", () => {
  const backoff = new Backoff({ firstMs: 1000, capMs: 30_000, random: () => 1 });
  expect(waits(backoff, 7)).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
});

test("two that draw other numbers do not come back together, and neither waits less than half its step", () => {
  const [early, late] = [0, 0.999].map((drawn) => new Backoff({ firstMs: 1000, capMs: 30_000, random: () => drawn }));
  expect(waits(early!, 3)).toEqual([500, 1000, 2000]);
  expect(late!.next()).toBeGreaterThan(999);
});

test("after a success the next wait is the first again", () => {
  const backoff = new Backoff({ firstMs: 1000, capMs: 30_000, random: () => 1 });
  waits(backoff, 5);
  backoff.reset();
  expect(backoff.next()).toBe(1000);
});
