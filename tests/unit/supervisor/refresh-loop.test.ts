import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { silentLog } from "../../../src/core/log.ts";
import { Refusal } from "../../../src/core/refusal.ts";
import { Secret } from "../../../src/core/secret.ts";
import { toConnectError } from "../../../src/http/call/connect-error.ts";
import { Credential } from "../../../src/supervisor/credential.ts";
import { keepTokenFresh } from "../../../src/supervisor/refresh-loop.ts";
import { TokenSlot } from "../../../src/supervisor/token-slot.ts";
import { madeToken } from "../../service/supervisor/made-token.ts";
import { FakeClock } from "../../support/fake-clock.ts";

const down = new ConnectError("down", Code.Unavailable);

/** A loop over tokens of this life; says at which second each refresh was asked. */
async function loop(lifeMs: number, { failures = 0, failure = down } = {}) {
  const clock = new FakeClock();
  const asked: number[] = [];
  const made = () => new Secret(madeToken({ now: clock.now(), lifeMs, generation: asked.length }));
  const refresh = async () => {
    asked.push(clock.monotonic() / 1000);
    if (asked.length <= failures) throw failure;
    return made();
  };
  const slot = new TokenSlot();
  slot.put(made());
  const ending = new AbortController();
  const source = { kind: "environment" as const, first: async () => made(), another: async () => undefined };
  const calls = { refresh, exchange: refresh };
  const times = { graceMs: 5000, expiredGraceMs: 60_000 };
  const credential = new Credential({ source, slot, calls, clock, log: silentLog, signal: ending.signal, ...times });
  const running = keepTokenFresh({ credential, clock, random: () => 0.5, signal: ending.signal });
  await clock.advance(0);
  return {
    asked,
    slot,
    clock,
    made,
    async [Symbol.asyncDispose]() {
      ending.abort();
      await running;
    },
  };
}

test("P3: tokens of an hour are refreshed each 48 minutes", async () => {
  await using run = await loop(3_600_000);
  await run.clock.advance(2.5 * 3_600_000);
  expect(run.asked.map(Math.round)).toEqual([2880, 5760, 8640]);
});

test("P3: failures are retried with growing waits, and the wait after a success is the planned one again", async () => {
  await using run = await loop(3_600_000, { failures: 3 });
  await run.clock.advance(2880_000 + 20_000);
  expect(run.asked.map(Math.round)).toEqual([2880, 2881, 2882, 2884]);
  expect(run.slot.version).toBe(2);
  await run.clock.advance(3600_000);
  expect(run.asked).toHaveLength(5);
});

test("a gateway that says when to try again is obeyed", async () => {
  const failure = toConnectError(new Refusal("rate-limited", { retryAfterMs: 20_000 }));
  await using run = await loop(3_600_000, { failures: 2, failure });
  await run.clock.advance(2880_000 + 60_000);
  expect(run.asked.map(Math.round)).toEqual([2880, 2901, 2922]);
});

test("a token that runs out sooner than the gateway would have it is tried before", async () => {
  const failure = toConnectError(new Refusal("shutting-down", { retryAfterMs: 60_000 }));
  await using run = await loop(10_000, { failures: 2, failure });
  await run.clock.advance(10_000);
  expect(run.slot.version).toBe(2);
});

test("P3: a token of ten seconds is tried several times before it runs out", async () => {
  await using run = await loop(10_000, { failures: 100 });
  await run.clock.advance(10_000);
  expect(run.asked.filter((at) => at < 10).length).toBeGreaterThanOrEqual(3);
  expect(run.slot.version).toBe(1);
});

test("a token that came another way starts the wait anew", async () => {
  await using run = await loop(3_600_000);
  await run.clock.advance(2800_000);
  run.slot.put(run.made());
  run.slot.put(new Secret(madeToken({ now: run.clock.now(), lifeMs: 3_600_000 })));
  await run.clock.advance(2800_000);
  expect(run.asked).toEqual([]);
});

test("a gateway that gives tokens without life is not asked more than once a second", async () => {
  await using run = await loop(0);
  await run.clock.advance(10_000);
  expect(run.asked.length).toBeGreaterThan(5);
  expect(run.asked.length).toBeLessThanOrEqual(11);
});

test("A-46: after a sleep the token that ran out is refreshed at once", async () => {
  await using run = await loop(3_600_000);
  await run.clock.advance(1000);
  run.clock.jump(5 * 3_600_000);
  await run.clock.advance(30_000);
  expect(run.asked).toHaveLength(1);
});
