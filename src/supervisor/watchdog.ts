import type { Clock } from "../core/clock.ts";

/** Runs a task when nobody fed it for a while. */
export class Watchdog implements Disposable {
  readonly #clock: Clock;
  readonly #starved: () => void;
  #timer: Disposable | undefined;

  constructor(clock: Clock, starved: () => void) {
    this.#clock = clock;
    this.#starved = starved;
  }

  /** Starts the wait of `ms` milliseconds anew. */
  feed(ms: number): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = this.#clock.after(ms, this.#starved);
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
  }
}
