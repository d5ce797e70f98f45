import { type Clock, pause } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import { describeFailure } from "./log.ts";
import { isTransient } from "./status.ts";
import { TokenUnreadable } from "./token-text.ts";
import { toldWait } from "./told-wait.ts";

/** The supervisor cannot start: its message says why, in words for an operator. */
export class StartFailure extends Error {
  override readonly name = "StartFailure";
}

export interface StartRetryOptions {
  readonly clock: Clock;
  /** A number in [0, 1). */
  readonly random: () => number;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** The least waits, in milliseconds: the gateway may have been told to start in the same moment. */
const waitsMs = [1000, 2000, 4000, 4000];
/** Added on top, as a share: so may have been others. */
const jitter = 0.5;

/**
 * Does a step of the start in five tries, of which only failures that may pass make another.
 * @throws StartFailure
 */
export async function withStartRetries<T>(
  { clock, random, log, signal }: StartRetryOptions,
  step: string,
  attempt: () => Promise<T>,
): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await attempt();
    } catch (error) {
      const plannedMs = waitsMs[tries];
      const failure = describeFailure(error);
      const mayPass = isTransient(error) && !(error instanceof TokenUnreadable);
      if (plannedMs === undefined || !mayPass || signal.aborted) {
        throw new StartFailure(`${step} failed: ${failure}`, { cause: error });
      }
      const waitMs = Math.max(plannedMs * (1 + jitter * random()), toldWait(error, random) ?? 0);
      log.warn({ step, error: failure, retryInMs: waitMs }, "a step of the start failed; it is tried again");
      await pause(clock, waitMs, signal);
    }
  }
}
