const firstMs = 2_000;
const longestMs = 30_000;
const floorMs = 1_000;

/** After this long a supervisor counts as having run well, and its next death as its first. */
const goodRunMs = 60_000;

/**
 * How long to wait before a supervisor that died is started again: 1 to 2 s at first, then twice as long each time, up to
 * 30 s; spread over the upper half, so that supervisors that died together do not come back together.
 */
export class Backoff {
  readonly #random: () => number;
  #deaths = 0;

  /** @param random a number from 0 up to 1 */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** @param ranMs how long the supervisor that died had run, in milliseconds */
  next(ranMs: number): number {
    if (ranMs >= goodRunMs) this.#deaths = 0;
    const ceiling = Math.min(firstMs * 2 ** this.#deaths, longestMs);
    this.#deaths += 1;
    return Math.max(floorMs, Math.round(ceiling * (1 - this.#random() / 2)));
  }
}
