import type { Principal } from "../../core/principal.ts";
import { Refusal } from "../../core/refusal.ts";

/** Bounds how many streaming calls one sandbox has open at once, over all its connections. */
export class StreamSlots {
  readonly #most: number;
  readonly #open = new Map<string, number>();

  constructor(most: number) {
    this.#most = most;
  }

  /** @throws Refusal `limit-reached`. Without effect for other principals than sandboxes. */
  take(principal: Principal): Disposable | undefined {
    if (principal.kind !== "sandbox") return undefined;
    const { sandboxId } = principal;
    const open = this.#open.get(sandboxId) ?? 0;
    if (open >= this.#most) {
      throw new Refusal("limit-reached", { says: `a sandbox may have ${this.#most} streams open at once` });
    }
    this.#open.set(sandboxId, open + 1);
    return { [Symbol.dispose]: () => this.#release(sandboxId) };
  }

  #release(sandboxId: string): void {
    const left = (this.#open.get(sandboxId) ?? 1) - 1;
    if (left > 0) this.#open.set(sandboxId, left);
    else this.#open.delete(sandboxId);
  }
}
