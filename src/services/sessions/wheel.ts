import type { Clock } from "../../core/clock.ts";

export interface WheelOptions<T> {
  readonly clock: Clock;
  /** How often each member is visited, in milliseconds. */
  readonly periodMs: number;
  /** Into how many parts the period is divided; each part has about as many members. */
  readonly slots: number;
  readonly visit: (member: T) => void;
}

/**
 * Visits each of many members once a period with one timer for all of them, and none while there are no members. It
 * counts turns, not time: when the process was held up, nobody has missed what it could not have received.
 */
export class Wheel<T> implements Disposable {
  readonly #options: WheelOptions<T>;
  readonly #slots: readonly Set<T>[];
  #position = 0;
  #members = 0;
  #timer: Disposable | undefined;

  constructor(options: WheelOptions<T>) {
    this.#options = options;
    this.#slots = Array.from({ length: options.slots }, () => new Set<T>());
  }

  /** Puts a member where the fewest are; it is visited within a period. Disposing the seat takes it away. */
  add(member: T): Disposable {
    const slot = this.#slots.reduce((fewest, next) => (next.size < fewest.size ? next : fewest));
    slot.add(member);
    this.#members += 1;
    this.#timer ??= this.#turnLater();
    return {
      [Symbol.dispose]: () => {
        if (!slot.delete(member)) return;
        this.#members -= 1;
        if (this.#members === 0) this[Symbol.dispose]();
      },
    };
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }

  #turnLater(): Disposable {
    return this.#options.clock.after(this.#options.periodMs / this.#slots.length, () => this.#turn());
  }

  #turn(): void {
    this.#timer = this.#turnLater();
    this.#position = (this.#position + 1) % this.#slots.length;
    for (const member of [...(this.#slots[this.#position] ?? [])]) this.#options.visit(member);
  }
}
