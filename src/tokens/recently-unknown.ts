import type { Clock } from "../core/clock.ts";

/** How long a token that the store did not know is refused without another look, in milliseconds. */
const memoryMs = 2_000;
const capacity = 10_000;

/** Remembers for a moment which token ids the store did not know, so that a flood of them does not reach it. */
export class RecentlyUnknown {
  readonly #until = new Map<string, number>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  has(tokenId: string): boolean {
    const until = this.#until.get(tokenId);
    if (until === undefined) return false;
    if (this.#clock.monotonic() < until) return true;
    this.#until.delete(tokenId);
    return false;
  }

  add(tokenId: string): void {
    if (this.#until.size >= capacity) this.#until.clear();
    this.#until.set(tokenId, this.#clock.monotonic() + memoryMs);
  }
}
