import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { silentLog } from "../../../src/core/log.ts";
import { Refusal, type RefusalOptions } from "../../../src/core/refusal.ts";
import { toConnectError } from "../../../src/http/call/connect-error.ts";
import type { Renewal } from "../../../src/supervisor/credential.ts";
import { SessionFailure } from "../../../src/supervisor/session.ts";
import { keepSession } from "../../../src/supervisor/session-loop.ts";
import { TokenSlot } from "../../../src/supervisor/token-slot.ts";
import { FakeClock } from "../../support/fake-clock.ts";

interface Life {
  readonly stoodMs?: number;
  readonly thrown?: unknown;
}

/** Runs the loop over sessions that live so; says when each was opened. The last one stays. */
async function loop(lives: readonly Life[], { drawn = 1, renewal = "try-again" as Renewal, forMs = 600_000 } = {}) {
  const clock = new FakeClock();
  const ending = new AbortController();
  const opened: number[] = [];
  const hold = async () => {
    opened.push(clock.monotonic());
    const life = lives[opened.length - 1];
    if (!life) return new Promise<number>((resolve) => ending.signal.addEventListener("abort", () => resolve(0)));
    const { stoodMs = 0, thrown } = life;
    if (thrown === undefined) return stoodMs;
    throw new SessionFailure(thrown, stoodMs);
  };
  const outcome = keepSession({
    ...{ hold, clock, log: silentLog, signal: ending.signal, random: () => drawn },
    credential: { slot: new TokenSlot(), recover: async () => renewal },
  });
  await clock.advance(0);
  await clock.advance(forMs);
  ending.abort();
  return { opened, outcome: await outcome };
}

const refusal = (...[reason, options]: [ConstructorParameters<typeof Refusal>[0], RefusalOptions?]) =>
  toConnectError(new Refusal(reason, options));
const reset: Life = { thrown: new ConnectError("reset", Code.Unavailable) };

test("weakness 21: without a word of the gateway the waits grow, and a good session makes them short again", async () => {
  const good = { ...reset, stoodMs: 10_000 };
  expect((await loop([reset, reset, reset, good, reset])).opened).toEqual([0, 2000, 6000, 14_000, 16_000, 20_000]);
});

test("weakness 21: the first wait is drawn from all of its step", async () => {
  expect((await loop([reset], { drawn: 0.01 })).opened).toEqual([0, 20]);
});

test("a gateway that drains is obeyed: the wait is the one that it told, each time", async () => {
  const drained = [700, 3100, 700].map((retryAfterMs) => ({ thrown: refusal("shutting-down", { retryAfterMs }) }));
  expect((await loop(drained, { drawn: 0 })).opened).toEqual([0, 700, 3800, 4500]);
});

test("its own waits begin with the first step where no gateway stands after the one that drained", async () => {
  const drained = { thrown: refusal("shutting-down", { retryAfterMs: 1000 }) };
  expect((await loop([drained, reset, reset], { drawn: 0.5 })).opened).toEqual([0, 1050, 2050, 4050]);
});

test("a session that ended well is opened again after a wait of its own", async () => {
  expect((await loop([{ stoodMs: 20_000 }], { drawn: 0.5 })).opened).toEqual([0, 1000]);
});

test("weakness 38: a session that ended with its token is opened at once with another", async () => {
  const expired = { thrown: refusal("token-expired"), stoodMs: 60_000 };
  expect((await loop([expired], { renewal: "renewed" })).opened).toEqual([0, 0]);
});

test.each([
  ["the sandbox is gone", refusal("sandbox-missing"), "try-again", "sandbox-gone"],
  ["the token is refused for good", refusal("token-revoked"), "lost", "token-refused"],
] as const)("where %s, no session is opened any more", async (_name, thrown, renewal, why) => {
  expect(await loop([{ thrown }], { renewal })).toEqual({ opened: [0], outcome: why });
});
