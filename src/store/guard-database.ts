import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import { Refusal } from "../core/refusal.ts";
import type { Database } from "./database.ts";
import { describeFailure } from "./describe-failure.ts";

export interface GuardOptions {
  /** Whether the database could not do its work, whatever the query was. */
  readonly isUnavailable: (thrown: unknown) => boolean;
  readonly log: Log;
  readonly clock: Clock;
}

/** A database that is gone fails every call; one failure in this time is logged, in milliseconds. */
const quietMs = 1_000;

/**
 * Tells a database that is not there from a query that is wrong. Disposing it refuses all that comes later, and waits for
 * what is under way.
 */
export function guardDatabase(
  database: Database,
  { isUnavailable, log, clock }: GuardOptions,
): Database & AsyncDisposable {
  let isOpen = true;
  const underWay = new Set<Promise<unknown>>();
  let failures = 0;
  let loggedAt = Number.NEGATIVE_INFINITY;
  function note(thrown: unknown): void {
    failures += 1;
    if (clock.monotonic() - loggedAt < quietMs) return;
    log.error({ ...describeFailure(thrown), failures }, "the database did not do its work");
    loggedAt = clock.monotonic();
    failures = 0;
  }
  function translate(thrown: unknown): never {
    if (!isUnavailable(thrown)) throw thrown;
    note(thrown);
    throw new Refusal("store-unavailable", { cause: thrown });
  }
  async function answer<T>(work: () => Promise<T>): Promise<T> {
    if (!isOpen) throw new Refusal("store-unavailable");
    const answering = work().catch(translate);
    underWay.add(answering);
    try {
      return await answering;
    } finally {
      underWay.delete(answering);
    }
  }
  return {
    read: (query) => answer(() => database.read(query)),
    write: (job) => answer(() => database.write(job)),
    writeOne: (statement) => answer(() => database.writeOne(statement)),
    async [Symbol.asyncDispose]() {
      isOpen = false;
      await Promise.allSettled(underWay);
    },
  };
}
