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
  const items = source[Symbol.asyncIterator]();
  let fail: ((reason: unknown) => void) | undefined;
  let ended = false;

  function end(): void {
    ended = true;
    signal.removeEventListener("abort", abort);
  }
  function release(): void {
    if (ended) return;
    end();
    // The source may be waiting for its own input: it is told, not awaited, and what it says now interests nobody.
    items.return?.().then(undefined, () => undefined);
  }
  function abort(): void {
    const waiting = fail;
    fail = undefined;
    release();
    waiting?.(signal.reason);
  }
  signal.addEventListener("abort", abort);

  return {
    next() {
      if (signal.aborted) {
        release();
        return Promise.reject(signal.reason);
      }
      if (ended) return Promise.resolve({ done: true, value: undefined });
      return new Promise((resolve, reject) => {
        fail = reject;
        items.next().then(
          (result) => {
            fail = undefined;
            if (!result.done) return resolve(result);
            end();
            resolve({ done: true, value: undefined });
          },
          (thrown: unknown) => {
            fail = undefined;
            end();
            reject(thrown);
          },
        );
      });
    },
    return() {
      release();
      return Promise.resolve({ done: true, value: undefined });
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
