import type { Clock } from "../../core/clock.ts";
import { deadline } from "../../core/deadline.ts";

/** What may not go on for longer than a time that is the same for all. */
export interface Bounded {
  /** Since when, by the monotonic clock. */
  since: number;
  overdue(): void;
}

/**
 * Ends what goes on for too long, with one timer for all: those who began first are due first, and a set keeps the order
 * in which they came.
 */
export class OverdueCalls implements Disposable {
  readonly #clock: Clock;
  readonly #mostMs: number;
  readonly #waiting = new Set<Bounded>();
  #timer: Disposable | undefined;

  constructor(clock: Clock, mostMs: number) {
    this.#clock = clock;
    this.#mostMs = mostMs;
  }

  add(call: Bounded): void {
    call.since = this.#clock.monotonic();
    this.#waiting.add(call);
    this.#timer ??= this.#after(this.#mostMs);
  }

  remove(call: Bounded): void {
    this.#waiting.delete(call);
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    this.#waiting.clear();
  }

  #after(ms: number): Disposable {
    return deadline(this.#clock, ms, () => this.#endOverdue());
  }

  /** The timer that ran out stays in its place meanwhile, so that whoever is added here begins no other. */
  #endOverdue(): void {
    const now = this.#clock.monotonic();
    for (const call of this.#waiting) {
      const left = call.since + this.#mostMs - now;
      if (left > 0) {
        this.#timer = this.#after(left);
        return;
      }
      this.#waiting.delete(call);
      call.overdue();
    }
    this.#timer = undefined;
  }
}
