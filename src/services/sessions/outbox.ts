/**
 * What waits to be sent on a stream: a bounded queue that its sender fills without waiting and its transport empties.
 * However it ends, by {@link finish}, {@link fail} or the transport's `return()`, it ends once and says so once, at once,
 * even while the transport waits for the next item. (An async generator would hold a `return()` back until then.)
 */
export class Outbox<T> implements AsyncIterableIterator<T, undefined> {
  readonly #limit: number;
  #items: T[] = [];
  #waiting: PromiseWithResolvers<IteratorResult<T, undefined>> | undefined;
  #failure: { readonly reason: unknown } | undefined;
  #ended = false;
  #onEnd: (() => void) | undefined;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** How many items wait. */
  get length(): number {
    return this.#items.length;
  }

  /** Calls `listener` when the outbox ends; there is one listener. */
  onEnd(listener: () => void): void {
    this.#onEnd = listener;
  }

  /** Queues an item; false, and nothing queued, where the queue is full or has ended. */
  offer(item: T): boolean {
    if (this.#ended) return false;
    if (this.#waiting) {
      this.#waiting.resolve({ done: false, value: item });
      this.#waiting = undefined;
      return true;
    }
    if (this.#items.length >= this.#limit) return false;
    this.#items.push(item);
    return true;
  }

  /** Ends the stream well, after what is queued. */
  finish(): void {
    this.#end();
  }

  /** Ends the stream with an error, now; what is queued is dropped. */
  fail(reason: unknown): void {
    if (this.#ended) return;
    this.#items = [];
    if (!this.#waiting) this.#failure = { reason };
    this.#waiting?.reject(reason);
    this.#waiting = undefined;
    this.#end();
  }

  next(): Promise<IteratorResult<T, undefined>> {
    if (this.#waiting) return Promise.reject(new Error("the item before is still awaited"));
    const item = this.#items.shift();
    if (item !== undefined) return Promise.resolve({ done: false, value: item });
    if (this.#failure) {
      const { reason } = this.#failure;
      this.#failure = undefined;
      return Promise.reject(reason);
    }
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    this.#waiting = Promise.withResolvers();
    return this.#waiting.promise;
  }

  return(): Promise<IteratorResult<T, undefined>> {
    this.#items = [];
    this.#failure = undefined;
    this.#end();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#waiting?.resolve({ done: true, value: undefined });
    this.#waiting = undefined;
    this.#onEnd?.();
    this.#onEnd = undefined;
  }
}
