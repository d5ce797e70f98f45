import type { Clock } from "./clock.ts";

export interface RecentlyUsedOptions {
  /** How many entries are kept at most; at least 2. */
  readonly capacity: number;
  /** How long a turn takes at most, so that what nobody uses any more goes though there is room. */
  readonly turn?: { readonly clock: Clock; readonly ms: number };
}

/**
 * A map that forgets. Two halves: what was used since the last turn, and what was used in the turn before; when the first
 * is full, or its time is over, the second is dropped. So whatever is used at least once a turn stays, and nobody keeps a
 * list of who was when.
 */
export class RecentlyUsed<K, V extends NonNullable<unknown>> {
  #recent = new Map<K, V>();
  #older = new Map<K, V>();
  #turnedAt: number;
  readonly #half: number;
  readonly #turn: RecentlyUsedOptions["turn"];

  constructor({ capacity, turn }: RecentlyUsedOptions) {
    this.#half = Math.max(1, Math.floor(capacity / 2));
    this.#turn = turn;
    this.#turnedAt = turn?.clock.monotonic() ?? 0;
  }

  get(key: K): V | undefined {
    const recent = this.#recent.get(key);
    if (recent !== undefined) return recent;
    const older = this.#older.get(key);
    if (older !== undefined) this.set(key, older);
    return older;
  }

  set(key: K, value: V): void {
    if (this.#recent.size >= this.#half || this.#isTurnOver()) {
      this.#older = this.#recent;
      this.#recent = new Map();
      this.#turnedAt = this.#turn?.clock.monotonic() ?? 0;
    }
    this.#recent.set(key, value);
  }

  /** How many are kept; one that is in both halves counts twice. */
  get size(): number {
    return this.#recent.size + this.#older.size;
  }

  /** Asked only when something is added: what does not grow need not shrink. */
  #isTurnOver(): boolean {
    return this.#turn !== undefined && this.#turn.clock.monotonic() - this.#turnedAt >= this.#turn.ms;
  }
}
