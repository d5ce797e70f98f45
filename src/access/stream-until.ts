/** Ends at once when it is told to return, whatever its source is doing. */
export interface StreamUntil<T> extends AsyncIterableIterator<T, undefined> {
  return(): Promise<IteratorResult<T, undefined>>;
}

/**
 * Passes a source's items on until the signal aborts, and then fails with the signal's reason, even while the source is
 * silent. However it ends, the source is told. One listener a stream and nothing that grows with its items: a race
 * against a promise that outlives every item would keep them all.
 */
export function streamUntil<T>(signal: AbortSignal, source: AsyncIterable<T>): StreamUntil<T> {
  return new Until(signal, source[Symbol.asyncIterator]());
}

/** It is the signal's listener itself: streams are open for hours, and closures are most of what one takes. */
class Until<T> implements StreamUntil<T> {
  readonly #signal: AbortSignal;
  readonly #items: AsyncIterator<T>;
  #fail: ((reason: unknown) => void) | undefined;
  #ended = false;

  constructor(signal: AbortSignal, items: AsyncIterator<T>) {
    this.#signal = signal;
    this.#items = items;
    signal.addEventListener("abort", this);
  }

  next(): Promise<IteratorResult<T, undefined>> {
    if (this.#signal.aborted) {
      this.#release();
      return Promise.reject(this.#signal.reason);
    }
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => {
      this.#fail = reject;
      this.#items.next().then(
        (result) => {
          this.#fail = undefined;
          if (!result.done) return resolve(result);
          this.#end();
          resolve({ done: true, value: undefined });
        },
        (thrown: unknown) => {
          this.#fail = undefined;
          this.#end();
          reject(thrown);
        },
      );
    });
  }

  return(): Promise<IteratorResult<T, undefined>> {
    this.#release();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** The signal has aborted. */
  handleEvent(): void {
    const waiting = this.#fail;
    this.#fail = undefined;
    this.#release();
    waiting?.(this.#signal.reason);
  }

  #end(): void {
    this.#ended = true;
    this.#signal.removeEventListener("abort", this);
  }

  #release(): void {
    if (this.#ended) return;
    this.#end();
    // The source may be waiting for its own input: it is told, not awaited, and what it says now interests nobody.
    this.#items.return?.().then(undefined, () => undefined);
  }
}
