import type { Clock } from "../../src/core/clock.ts";

interface Timer {
  readonly due: number;
  readonly task: () => void;
}

/** A clock that stands still until the test moves it. Timers run in order of their due time. */
export class FakeClock implements Clock {
  #wall: number;
  #elapsed = 0;
  readonly #timers = new Set<Timer>();

  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#wall = startMs;
  }

  now = (): number => this.#wall;
  monotonic = (): number => this.#elapsed;

  after(ms: number, task: () => void): Disposable {
    const timer = { due: this.#elapsed + Math.max(ms, 0), task };
    this.#timers.add(timer);
    return { [Symbol.dispose]: () => void this.#timers.delete(timer) };
  }

  /** How many timers wait. */
  get waiting(): number {
    return this.#timers.size;
  }

  /** Lets `ms` milliseconds pass and runs what becomes due; between two timers the microtask queue drains. */
  async advance(ms: number): Promise<void> {
    const end = this.#elapsed + ms;
    for (;;) {
      const next = [...this.#timers].filter((timer) => timer.due <= end).sort((a, b) => a.due - b.due)[0];
      if (!next) break;
      this.#step(next.due);
      this.#timers.delete(next);
      next.task();
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#step(end);
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** Moves the wall clock alone, as an administrator or a time server would. */
  jump(ms: number): void {
    this.#wall += ms;
  }

  #step(to: number): void {
    this.#wall += to - this.#elapsed;
    this.#elapsed = to;
  }
}
