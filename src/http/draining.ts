import { Refusal } from "../core/refusal.ts";

/** How long callers are asked to wait before they try again; by then the next process may stand. */
const retryAfterMs = 1_000;

/** Whether the gateway is going (requirement G5). */
export class Draining {
  #begun = false;

  get begun(): boolean {
    return this.#begun;
  }

  begin(): void {
    this.#begun = true;
  }

  /** What new calls and open streams are told. */
  refusal(): Refusal {
    return new Refusal("shutting-down", { retryAfterMs });
  }
}
