/**
 * What a slow reader has not read yet, up to a bound; beyond it the oldest items that may be lost are dropped and
 * counted. Reading waits while there is nothing. One reader.
 */
export class EventQueue<T> implements AsyncIterableIterator<T, undefined> {
  readonly #capacity: number;
  readonly #mayDrop: (item: T) => boolean;
  readonly #onDropped: (count: number) => T;
  readonly #onEnd: () => void;
  #items: T[] = [];
  #dropped = 0;
  #ended = false;
  #wake: (() => void) | undefined;

  /**
   * `onDropped` makes the item that tells of `count` lost ones; `onEnd` runs once, when the queue was ended from either
   * side.
   */
  constructor(options: {
    readonly capacity: number;
    readonly mayDrop: (item: T) => boolean;
    readonly onDropped: (count: number) => T;
    readonly onEnd: () => void;
  }) {
    this.#capacity = options.capacity;
    this.#mayDrop = options.mayDrop;
    this.#onDropped = options.onDropped;
    this.#onEnd = options.onEnd;
  }

  push(item: T): void {
    if (this.#ended) return;
    this.#items.push(item);
    if (this.#items.length > this.#capacity) this.#drop();
    this.#wake?.();
  }

  /** No more items; the reader gets those that are there. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#onEnd();
    this.#wake?.();
  }

  async next(): Promise<IteratorResult<T, undefined>> {
    while (this.#items.length === 0 && this.#dropped === 0 && !this.#ended) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const item = this.#take();
    return item === undefined ? { done: true, value: undefined } : { done: false, value: item };
  }

  async return(): Promise<IteratorResult<T, undefined>> {
    this.#items = [];
    this.#dropped = 0;
    this.end();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #take(): T | undefined {
    if (this.#dropped === 0) return this.#items.shift();
    const notice = this.#onDropped(this.#dropped);
    this.#dropped = 0;
    return notice;
  }

  #drop(): void {
    const index = this.#items.findIndex(this.#mayDrop);
    this.#items.splice(Math.max(index, 0), 1);
    this.#dropped += 1;
  }
}
