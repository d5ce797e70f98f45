import type { Clock } from "../core/clock.ts";

/** Runs a task at an interval until it is disposed. */
export class Heart implements Disposable {
  readonly #clock: Clock;
  readonly #task: () => void;
  #timer: Disposable | undefined;

  constructor(clock: Clock, task: () => void) {
    this.#clock = clock;
    this.#task = task;
  }

  beat(intervalMs: number): void {
    this.#timer = this.#clock.after(intervalMs, () => {
      this.#task();
      this.beat(intervalMs);
    });
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
  }
}
