import type { Loaded } from "./load.ts";
import { percentile, sorted } from "./percentiles.ts";

/**
 * The middle of a load, from a tenth of its calls to nine tenths. Connections are opened before it, and handshakes made,
 * which supervisors do once in hours; after it not all callers have something to do any more.
 */
export class Middle {
  readonly #calls: number;
  readonly #cpuSeconds: () => number;
  #began = { at: Number.NaN, cpu: Number.NaN };
  #ended = { at: Number.NaN, cpu: Number.NaN };

  /** @param cpuSeconds that the server has used so far */
  constructor(calls: number, cpuSeconds: () => number) {
    this.#calls = calls;
    this.#cpuSeconds = cpuSeconds;
  }

  /** To be told of each tenth at least, as it is answered. */
  answered(calls: number): void {
    if (calls === this.#calls / 10) this.#began = this.#now();
    if (calls === (this.#calls / 10) * 9) this.#ended = this.#now();
  }

  /** @param timesMs how long each call of the whole load took, in the order in which they ended */
  loaded(timesMs: readonly number[]): Loaded {
    const tenth = this.#calls / 10;
    const ordered = sorted(timesMs.slice(tenth, 9 * tenth));
    return {
      calls: 8 * tenth,
      seconds: (this.#ended.at - this.#began.at) / 1_000,
      cpuSeconds: this.#ended.cpu - this.#began.cpu,
      p50Ms: percentile(ordered, 0.5),
      p99Ms: percentile(ordered, 0.99),
    };
  }

  #now() {
    return { at: performance.now(), cpu: this.#cpuSeconds() };
  }
}
