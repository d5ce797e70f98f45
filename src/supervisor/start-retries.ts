import { type Clock, pause } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import { describeFailure } from "./log.ts";
import { isTransient } from "./status.ts";
import { TokenUnreadable } from "./token-text.ts";

/** The supervisor cannot start: its message says why, in words for an operator. */
export class StartFailure extends Error {
  override readonly name = "StartFailure";
}

export interface StartRetryOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

const waitsMs = [1000, 2000, 4000, 4000];

/**
 * Does a step of the start in five tries, of which only failures that may pass make another.
 * @throws StartFailure
 */
export async function withStartRetries<T>(
  { clock, log, signal }: StartRetryOptions,
  step: string,
  attempt: () => Promise<T>,
): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await attempt();
    } catch (error) {
      const waitMs = waitsMs[tries];
      const failure = describeFailure(error);
      const mayPass = isTransient(error) && !(error instanceof TokenUnreadable);
      if (waitMs === undefined || !mayPass || signal.aborted) {
        throw new StartFailure(`${step} failed: ${failure}`, { cause: error });
      }
      log.warn({ step, error: failure, retryInMs: waitMs }, "a step of the start failed; it is tried again");
      await pause(clock, waitMs, signal);
    }
  }
}
