import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import type { FamilyLedger } from "./family-ledger.ts";

const everyMs = 60_000;

/**
 * How long a family is kept after its current token ran out, in milliseconds. More than any leeway; a wall clock that is
 * set back by less finds the revoked families still known.
 */
const keptMs = 3_600_000;

export interface PruningOptions {
  readonly ledger: FamilyLedger;
  readonly clock: Clock;
  readonly log: Log;
}

/** Families whose current token expired before this time do not matter any more. */
export const horizon = (clock: Clock): number => clock.now() - keptMs;

/** Forgets, once a minute, the families that do not matter any more. */
export function startPruning({ ledger, clock, log }: PruningOptions): AsyncDisposable {
  let pruning: Promise<void> = Promise.resolve();
  let timer: Disposable;
  let isOver = false;

  async function prune(): Promise<void> {
    try {
      await ledger.prune(horizon(clock));
    } catch (error) {
      log.warn({ err: error }, "families that ran out could not be forgotten, tried again in a minute");
    }
    if (!isOver) wait();
  }
  function wait(): void {
    timer = clock.after(everyMs, () => {
      pruning = prune();
    });
  }

  wait();
  return {
    async [Symbol.asyncDispose]() {
      isOver = true;
      timer[Symbol.dispose]();
      await pruning;
    },
  };
}
