import { expect, test } from "vitest";
import { Draining } from "../../../src/http/draining.ts";

/** The waits that so many streams are told, where what is drawn lies evenly in [0, 1). */
function waits(streams: number, draws = streams): number[] {
  let drawn = 0;
  const draining = new Draining(() => (drawn++ + 0.5) / draws);
  draining.begin(streams);
  return Array.from({ length: draws }, () => draining.refusal().retryAfterMs ?? Number.NaN);
}

/** In any second from one of them on; the waits grow. */
const mostInOneSecond = (ms: readonly number[]) =>
  Math.max(...ms.map((from, at) => ms.slice(at, at + 1000).filter((later) => later < from + 1000).length));

test.each([500, 2000, 5000])("%i streams are asked to come back evenly, 500 in a second", (streams) => {
  expect(mostInOneSecond(waits(streams))).toBeLessThanOrEqual(505);
});

test("the last of 2,000 comes after four and a half seconds, the first after half a second", () => {
  const told = waits(2000);
  expect([Math.min(...told), Math.max(...told)]).toEqual([501, 4499]);
});

test("a few do not come at one moment either", () => {
  const told = waits(1, 4);
  expect(told).toEqual([563, 688, 813, 938]);
});

test("nobody is sent away for longer than ten and a half seconds, however many there are", () => {
  expect(Math.max(...waits(1_000_000, 100))).toBeLessThanOrEqual(10_500);
});

test("a drain that is asked for again changes nothing", () => {
  const draining = new Draining(() => 1);
  expect(draining.begun).toBe(false);
  draining.begin(2000);
  draining.begin(0);
  expect(draining.begun).toBe(true);
  expect(draining.refusal()).toMatchObject({ reason: "shutting-down", retryAfterMs: 4500 });
});
