import fc from "fast-check";
import { expect, test } from "vitest";
import { pauseOnBothClocks, refreshDelay, retryDelay } from "../../../src/supervisor/refresh-delay.ts";
import { FakeClock } from "../../support/fake-clock.ts";

const second = 1000;
const hour = 3600 * second;
const drawn = fc.double({ min: 0, max: 0.999_999, noNaN: true });

test.each([
  ["an hour", hour, 0.8 * hour],
  ["ten minutes", 600 * second, 480 * second],
  ["75 s, the shortest with room for the floor", 75 * second, 60 * second],
  ["a minute", 60 * second, 48 * second],
  ["three seconds", 3 * second, 2.4 * second],
  ["no time", 0, 0],
  ["a token that ran out long ago", -hour, 0],
])("a token with %s left is refreshed at 80 %%", (_name, left, expected) => {
  expect(refreshDelay(left, () => 0.5)).toBeCloseTo(expected);
});

test("no wait is longer than 12 h, and a fleet's longest waits are spread", () => {
  const waits = [0, 0.5, 0.999].map((number) => refreshDelay(24 * hour, () => number));
  expect(Math.max(...waits)).toBeLessThanOrEqual(12 * hour);
  expect(new Set(waits).size).toBe(3);
});

test("a token that names no expiry is refreshed all the same", () => {
  expect(refreshDelay(undefined, () => 0.5)).toBe(6 * hour);
});

test("whatever is left and drawn, the refresh falls before the expiry, within 5 % of its time", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 24 * hour }), drawn, (left, number) => {
      const delay = refreshDelay(left, () => number);
      expect(delay).toBeLessThanOrEqual(left * 0.841);
      expect(delay).toBeLessThanOrEqual(12 * hour);
      if (left >= 75 * second) expect(delay).toBeGreaterThanOrEqual(60 * second);
      else expect(delay).toBeGreaterThanOrEqual(left * 0.759);
    }),
  );
});

test("a retry leaves room for more before the expiry", () => {
  expect(retryDelay(30 * second, 8 * second)).toBe(2 * second);
  expect(retryDelay(second, hour)).toBe(second);
  expect(retryDelay(30 * second, 100)).toBe(250);
});

test("after the expiry a retry waits as long as the backoff says", () => {
  expect(retryDelay(30 * second, -second)).toBe(30 * second);
});

test("A-46: a wait ends in time although the wall clock was set back", async () => {
  const clock = new FakeClock();
  let over = false;
  const waiting = pauseOnBothClocks(clock, 60 * second, new AbortController().signal).then(() => {
    over = true;
  });
  clock.jump(-hour);
  await clock.advance(59 * second);
  expect(over).toBe(false);
  await clock.advance(second);
  await waiting;
});

test("A-46: after a sleep that the monotonic clock did not see, a wait ends at its next look", async () => {
  const clock = new FakeClock();
  const waiting = pauseOnBothClocks(clock, 6 * hour, new AbortController().signal);
  clock.jump(7 * hour);
  await clock.advance(30 * second);
  await waiting;
});
