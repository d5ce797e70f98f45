import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { Refusal } from "../../../src/core/refusal.ts";
import { toConnectError } from "../../../src/http/call/connect-error.ts";
import { Backoff, reopening } from "../../../src/supervisor/backoff.ts";

const waits = (backoff: Backoff, count: number) => Array.from({ length: count }, () => backoff.next());
const told = (retryAfterMs: number) => toConnectError(new Refusal("shutting-down", { retryAfterMs }));

test("steps double up to the cap", () => {
  const backoff = new Backoff({ firstMs: 1000, capMs: 30_000, random: () => 1 });
  expect(waits(backoff, 7)).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
});

test("weakness 21: a wait is drawn from all of its step, the first one too", () => {
  for (const drawn of [0, 0.25, 0.999]) {
    const backoff = new Backoff({ firstMs: 1000, capMs: 30_000, random: () => drawn });
    expect(waits(backoff, 3)).toEqual([1000 * drawn, 2000 * drawn, 4000 * drawn]);
  }
});

test("weakness 21: 2,000 that lost their gateway together come back at about 1,000 a second, and in no second more", () => {
  const first = Array.from({ length: 2000 }, (_, at) =>
    new Backoff({ ...reopening, random: () => (at + 0.5) / 2000 }).next(),
  );
  const inSecond = (second: number) => first.filter((ms) => Math.floor(ms / 1000) === second).length;
  expect([inSecond(0), inSecond(1)]).toEqual([1000, 1000]);
});

test("weakness 21: after a success the next wait is of the first step again", () => {
  const backoff = new Backoff({ firstMs: 1000, capMs: 30_000, random: () => 1 });
  waits(backoff, 5);
  backoff.reset();
  expect(backoff.next()).toBe(1000);
});

test("what the gateway tells takes the place of a wait, and leaves the step as it is", () => {
  const backoff = new Backoff({ firstMs: 1000, capMs: 30_000, random: () => 0 });
  expect(backoff.next(told(4321))).toBe(4321);
  const other = new Backoff({ firstMs: 1000, capMs: 30_000, random: () => 1 });
  other.next(told(4321));
  expect(other.next(new ConnectError("reset", Code.Unavailable))).toBe(1000);
});
