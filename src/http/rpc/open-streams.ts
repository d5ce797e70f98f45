import type { Refusal } from "../../core/refusal.ts";

export interface OpenStream extends Disposable {
  /** Aborts when the caller goes away, its deadline passes, the gateway drains, or at the latest when the stream is over. */
  readonly signal: AbortSignal;
}

/** All streaming calls that are open, so that a drain can end them (requirement G5). */
export class OpenStreams {
  readonly #controllers = new Set<AbortController>();
  #reason: (() => Refusal) | undefined;

  /** How many are open. */
  get size(): number {
    return this.#controllers.size;
  }

  /** Adds a stream that ends no later than `caller` aborts. */
  open(caller: AbortSignal): OpenStream {
    const controller = new AbortController();
    const follow = () => controller.abort(caller.reason);
    this.#controllers.add(controller);
    if (caller.aborted) follow();
    else caller.addEventListener("abort", follow, { once: true });
    if (this.#reason) controller.abort(this.#reason());
    return {
      signal: controller.signal,
      [Symbol.dispose]: () => {
        caller.removeEventListener("abort", follow);
        this.#controllers.delete(controller);
        controller.abort();
      },
    };
  }

  /** Ends every stream, and each that opens later, with a reason of its own that its caller is told. */
  endAll(reason: () => Refusal): void {
    this.#reason = reason;
    for (const controller of this.#controllers) controller.abort(reason());
  }
}
