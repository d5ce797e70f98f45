import { Refusal } from "../core/refusal.ts";

/** The next process may not stand yet, and connections need a moment to end; in milliseconds. */
const leastWaitMs = 500;
/**
 * How many of those that lost a stream are asked to come in one second. A supervisor has two, its session and its log, so
 * these are 250 supervisors; the return of one (connection, token's signature, hello, acceptance) takes about 2 ms of a
 * core. Half of the core stays free for TLS, and for the calls of those who are back already.
 */
const streamsPerSecond = 500;
/** Few callers should not come at one moment either. */
const leastSpreadMs = 500;
/** A sandbox without a session is not ready, and its user waits: more streams come faster instead. */
const mostSpreadMs = 10_000;

/** Whether the gateway is going (requirement G5), and when its callers are asked to come back. */
export class Draining {
  readonly #random: () => number;
  #spreadMs: number | undefined;

  /** @param random a number in [0, 1) */
  constructor(random: () => number) {
    this.#random = random;
  }

  get begun(): boolean {
    return this.#spreadMs !== undefined;
  }

  /** @param streams how many are open and will come back. The first call counts. */
  begin(streams: number): void {
    this.#spreadMs ??= Math.min(Math.max((streams / streamsPerSecond) * 1_000, leastSpreadMs), mostSpreadMs);
  }

  /**
   * What one new call, or one open stream, is told. Each has a wait of its own, drawn evenly from a time that grows with
   * the number of streams, so that those who lost this gateway do not meet the next one as a herd.
   */
  refusal(): Refusal {
    const spreadMs = this.#spreadMs ?? leastSpreadMs;
    return new Refusal("shutting-down", { retryAfterMs: Math.round(leastWaitMs + spreadMs * this.#random()) });
  }
}
