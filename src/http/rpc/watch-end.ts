import { ConnectError, type HandlerContext } from "@connectrpc/connect";
import type { Call, EndOfCall } from "../call/index.ts";
import { amendCodecError } from "./codec-error.ts";
import { callOf } from "./context.ts";

/**
 * Watches for the end of a call. Connect aborts the call's signal in any case, and with the error where there is one,
 * before it writes that error down: the one moment at which an error can be put right for all protocols.
 */
export function watchEnd(context: HandlerContext, ended: EndOfCall): Call {
  const call = callOf(context);
  const { signal } = context;
  const end = () => {
    const error = signal.reason instanceof ConnectError ? signal.reason : undefined;
    if (error) amendCodecError(error);
    // Services without a guard do not say themselves that they have answered.
    if (signal.reason === over) call.answered = true;
    ended(call, context.protocolName, error);
  };
  giveReason(context);
  if (signal.aborted) end();
  else signal.addEventListener("abort", end, { once: true });
  return call;
}

/**
 * Connect gives no reason for the end of a call that went well, and the platform would make one for each of them, with a
 * stack: a thirtieth of what a call costs.
 */
function giveReason(context: object): void {
  if (!("abort" in context) || typeof context.abort !== "function") return;
  const abort = context.abort.bind(context);
  context.abort = (reason?: unknown) => abort(reason ?? over);
}

/** Why the signal of a call aborts that went well. Nobody shows it. */
const over = new DOMException("the call is over", "AbortError");
