import { type Clock, pause } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import { Backoff, reopening } from "./backoff.ts";
import type { Credential } from "./credential.ts";
import { describeFailure } from "./log.ts";
import { SessionFailure } from "./session.ts";
import { isNotFound, isUnauthenticated, reasonOf } from "./status.ts";

export interface SessionLoopOptions {
  /** Holds one session to its end; rejects with SessionFailure. Resolves to how long it stood, in milliseconds. */
  readonly hold: () => Promise<number>;
  readonly credential: Pick<Credential, "slot" | "recover">;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  /** Ends the loop. */
  readonly signal: AbortSignal;
}

/** A session that stood this long was a good one: the next wait is the shortest again. */
const goodMs = 10_000;

/**
 * Keeps a session open: whenever it ends another is opened, after the wait that the gateway asked for, or else one that
 * grows.
 * @returns why it gave up: the sandbox is gone, or the token was refused for good; undefined after the signal.
 */
export async function keepSession(options: SessionLoopOptions): Promise<"sandbox-gone" | "token-refused" | undefined> {
  const { hold, credential, clock, random, log, signal } = options;
  const backoff = new Backoff({ ...reopening, random });
  while (!signal.aborted) {
    const { version } = credential.slot;
    let broken: unknown;
    try {
      if ((await hold()) >= goodMs) backoff.reset();
      if (!signal.aborted) log.info({}, "the gateway ended the session");
    } catch (failure) {
      if (signal.aborted) return undefined;
      log.warn({ error: describeFailure(failure) }, "the session broke");
      const { cause, stoodMs } = failure instanceof SessionFailure ? failure : { cause: failure, stoodMs: 0 };
      if (isNotFound(cause)) return "sandbox-gone";
      broken = cause;
      if (stoodMs >= goodMs) backoff.reset();
      if (isUnauthenticated(cause)) {
        const renewal = await credential.recover({ version, reason: reasonOf(cause) });
        if (renewal === "lost") return "token-refused";
        if (renewal === "renewed") continue;
      }
    }
    await pause(clock, backoff.next(broken), signal);
  }
  return undefined;
}
