import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { silentLog } from "../../../src/core/log.ts";
import { Refusal } from "../../../src/core/refusal.ts";
import { toConnectError } from "../../../src/http/call/connect-error.ts";
import { StartFailure, withStartRetries } from "../../../src/supervisor/start-retries.ts";
import { TokenUnreadable } from "../../../src/supervisor/token-text.ts";
import { FakeClock } from "../../support/fake-clock.ts";

/** Fails with each of the errors in turn, then succeeds; says when it was tried. */
async function start(errors: Error[], { advanceMs = 40_000, drawn = 0 } = {}) {
  const clock = new FakeClock();
  const tried: number[] = [];
  const { signal } = new AbortController();
  const outcome = withStartRetries(
    { clock, random: () => drawn, log: silentLog, signal },
    "GetSandboxConfig",
    async () => {
      tried.push(clock.monotonic());
      const error = errors[tried.length - 1];
      if (error) throw error;
      return "read";
    },
  ).catch((error: unknown) => error);
  await clock.advance(0);
  await clock.advance(advanceMs);
  return { tried, outcome: await outcome };
}

const failing = (code: Code, times: number) => Array.from({ length: times }, () => new ConnectError("no", code));

test.each([Code.Unavailable, Code.DeadlineExceeded, Code.ResourceExhausted, Code.Aborted, Code.Internal, Code.Unknown])(
  "status %i may pass: five tries, after 1, 2, 4 and 4 s at least",
  async (code) => {
    const { tried, outcome } = await start(failing(code, 9));
    expect(tried).toEqual([0, 1000, 3000, 7000, 11_000]);
    expect(outcome).toBeInstanceOf(StartFailure);
  },
);

test("weakness 21: supervisors that start together come apart, none sooner than planned", async () => {
  const { tried } = await start(failing(Code.Unavailable, 9), { drawn: 0.8 });
  expect(tried).toEqual([0, 1400, 4200, 9800, 15_400]);
});

test("a gateway that asks for a longer wait gets it, and one that asks for a shorter does not use up the tries", async () => {
  const asked = [5000, 20, 20, 20].map((ms) => toConnectError(new Refusal("shutting-down", { retryAfterMs: ms })));
  expect((await start(asked)).tried).toEqual([0, 5000, 7000, 11_000, 15_000]);
});

test("the fifth try may be the good one", async () => {
  expect((await start(failing(Code.Unavailable, 4))).outcome).toBe("read");
});

test.each([
  Code.Unauthenticated,
  Code.PermissionDenied,
  Code.NotFound,
  Code.InvalidArgument,
  Code.FailedPrecondition,
  Code.Unimplemented,
])("status %i does not pass: one try", async (code) => {
  const { tried, outcome } = await start(failing(code, 1));
  expect(tried).toEqual([0]);
  expect(outcome).toMatchObject({ name: "StartFailure", message: expect.stringContaining("GetSandboxConfig failed") });
});

test("a token file that cannot be read is not tried again", async () => {
  expect((await start([new TokenUnreadable("no")])).tried).toEqual([0]);
});
