import { timingSafeEqual } from "node:crypto";
import { inspect } from "node:util";

const hidden = "[secret]";

/** A value that must not be seen: it prints as `[secret]` wherever it is logged, inspected or serialised (requirement T7). */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The value itself, for the one place that sends or stores it. */
  reveal(): string {
    return this.#value;
  }

  /** Compares in constant time for values of one length. */
  equals(other: Secret): boolean {
    const [a, b] = [Buffer.from(this.#value), Buffer.from(other.#value)];
    return a.length === b.length && timingSafeEqual(a, b);
  }

  toString(): string {
    return hidden;
  }

  toJSON(): string {
    return hidden;
  }

  [inspect.custom](): string {
    return hidden;
  }
}
