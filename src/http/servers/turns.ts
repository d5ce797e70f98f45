/** What one key begins without waiting; then the event loop turns first. */
const atOnce = 16;
/** Of what waits, so much is begun in one turn, evenly over all keys. */
const inOneTurn = 64;

/** Something to begin. */
export interface Beginning {
  /** Must not throw. */
  begin(): void;
  /** Whether there is nothing left to begin. */
  readonly isOver: boolean;
}

/**
 * Lets connections take turns. Node reads up to 2 MiB of one connection before it looks at the next, and begins
 * every request in it: thousands, while all other callers wait. So a connection's first requests are begun at once, and
 * the rest some at a time, with the event loop in between. What waits counts as an open stream, so that a client that
 * keeps to the bound on those cannot have more than that waiting, and one that does not is refused by it.
 */
export class Turns<K extends object> {
  /** Since the last turn that was waited for: whoever begins little makes nobody wait, and no timer either. */
  readonly #begun = new Map<K, number>();
  readonly #waiting = new Map<K, Beginning[]>();
  #next: NodeJS.Immediate | undefined;

  /** Whether the key may begin one more at once. It may not while something of it waits, or that would be overtaken. */
  mayBegin(key: K): boolean {
    const begun = this.#begun.get(key) ?? 0;
    if (begun >= atOnce || this.#waiting.has(key)) return false;
    this.#begun.set(key, begun + 1);
    if (begun + 1 === atOnce) this.#await();
    return true;
  }

  /** Begins it in a later turn, in the order in which the key's came, unless it is over by then. */
  wait(key: K, beginning: Beginning): void {
    const queue = this.#waiting.get(key);
    if (queue) queue.push(beginning);
    else this.#waiting.set(key, [beginning]);
    this.#await();
  }

  /** Lets go of a key that is no more, and of all that waits for it. */
  forget(key: K): void {
    this.#waiting.delete(key);
    this.#begun.delete(key);
  }

  #await(): void {
    this.#next ??= setImmediate(() => this.#turn());
  }

  #turn(): void {
    this.#next = undefined;
    this.#begun.clear();
    if (this.#waiting.size === 0) return;
    this.#await();
    const share = Math.max(1, Math.floor(inOneTurn / this.#waiting.size));
    let left = inOneTurn;
    for (const [key, queue] of this.#waiting) {
      if (left === 0) return;
      // Whoever had its share goes to the end of the line; those behind it come first in the next turn.
      this.#waiting.delete(key);
      const now = firstOf(queue, Math.min(share, left));
      left -= now.length;
      if (queue.length > 0) this.#waiting.set(key, queue);
      for (const beginning of now) if (!beginning.isOver) beginning.begin();
    }
  }
}

/** Takes the first `most` that are not over out of a queue, and with them those that are: a reset costs no turn. */
function firstOf(queue: Beginning[], most: number): Beginning[] {
  const found: Beginning[] = [];
  let passed = 0;
  for (const beginning of queue) {
    if (found.length === most) break;
    passed++;
    if (!beginning.isOver) found.push(beginning);
  }
  queue.splice(0, passed);
  return found;
}
