import type { Refusal } from "../../core/refusal.ts";

export interface OpenStream extends Disposable {
  /** Aborts when the caller goes away, its deadline passes, the gateway drains, or at the latest when the stream is over. */
  readonly signal: AbortSignal;
}

/** All streaming calls that are open, so that a drain can end them (requirement G5). */
export class OpenStreams {
  readonly #controllers = new Set<AbortController>();
  #ended: Refusal | undefined;

  /** Adds a stream that ends no later than `caller` aborts. */
  open(caller: AbortSignal): OpenStream {
    const controller = new AbortController();
    const follow = () => controller.abort(caller.reason);
    this.#controllers.add(controller);
    if (caller.aborted) follow();
    else caller.addEventListener("abort", follow, { once: true });
    if (this.#ended) controller.abort(this.#ended);
    return {
      signal: controller.signal,
      [Symbol.dispose]: () => {
        caller.removeEventListener("abort", follow);
        this.#controllers.delete(controller);
        controller.abort();
      },
    };
  }

  /** Ends every stream, and each that opens later, with this as the reason that its caller is told. */
  endAll(reason: Refusal): void {
    this.#ended = reason;
    for (const controller of this.#controllers) controller.abort(reason);
  }
}
