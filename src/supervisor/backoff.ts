import { toldWait } from "./told-wait.ts";

export interface BackoffOptions {
  /** The first retry comes within so many milliseconds. */
  readonly firstMs: number;
  /** The longest wait in milliseconds. */
  readonly capMs: number;
  /** A number in [0, 1), so that tests own the jitter. */
  readonly random: () => number;
}

/**
 * For streams that are opened again when they break. All supervisors of a gateway that was killed begin to wait in the same
 * moment, and nobody tells them for how long: over two seconds, 2,000 of them are 1,000 a second, and one alone waits a
 * second on average. However long the gateway was gone, none waits longer than ten seconds once it is there again; 2,000
 * then try 400 times a second, which is no more than a gateway can take.
 */
export const reopening = { firstMs: 2_000, capMs: 10_000 } as const;

/**
 * Waits within steps that double up to a cap, unless the gateway says how long to wait. Each is drawn from all of its step,
 * the first one too, so that supervisors which lost their gateway together do not come back together (weakness 21 of the
 * reference).
 */
export class Backoff {
  readonly #options: BackoffOptions;
  #step: number;

  constructor(options: BackoffOptions) {
    this.#options = options;
    this.#step = options.firstMs;
  }

  /** Milliseconds to wait before the next try. What the gateway told with the failure counts, and leaves the step as it is. */
  next(failure?: unknown): number {
    const { random, capMs } = this.#options;
    const told = toldWait(failure, random);
    if (told !== undefined) return told;
    const step = this.#step;
    this.#step = Math.min(step * 2, capMs);
    return step * random();
  }

  /** The next wait is of the first step again: what was retried has worked. */
  reset(): void {
    this.#step = this.#options.firstMs;
  }
}
