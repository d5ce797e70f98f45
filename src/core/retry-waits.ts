/** Waits before a further try, in milliseconds: twice as long each time up to the longest, spread over the upper half. */
export class RetryWaits {
  readonly #firstMs: number;
  readonly #longestMs: number;
  #failures = 0;

  constructor(firstMs: number, longestMs: number) {
    this.#firstMs = firstMs;
    this.#longestMs = longestMs;
  }

  /** How often it failed since it last worked. */
  get failures(): number {
    return this.#failures;
  }

  failed(): number {
    const wait = Math.min(this.#firstMs * 2 ** this.#failures, this.#longestMs);
    this.#failures += 1;
    return Math.round(wait * (0.5 + Math.random() / 2));
  }

  worked(): void {
    this.#failures = 0;
  }
}
