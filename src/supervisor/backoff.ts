export interface BackoffOptions {
  /** Milliseconds before the first retry. */
  readonly firstMs: number;
  /** The longest wait in milliseconds. */
  readonly capMs: number;
  /** A number in [0, 1), so that tests own the jitter. */
  readonly random: () => number;
}

/**
 * Waits that double up to a cap. Each is drawn from the upper half of its step, so that supervisors whose gateway
 * restarted do not come back as one.
 */
export class Backoff {
  readonly #options: BackoffOptions;
  #step: number;

  constructor(options: BackoffOptions) {
    this.#options = options;
    this.#step = options.firstMs;
  }

  /** Milliseconds to wait before the next try. */
  next(): number {
    const step = this.#step;
    this.#step = Math.min(step * 2, this.#options.capMs);
    return step * (0.5 + this.#options.random() / 2);
  }

  /** The next wait is the first again: what was retried has worked. */
  reset(): void {
    this.#step = this.#options.firstMs;
  }
}
