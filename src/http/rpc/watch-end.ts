import { ConnectError, type HandlerContext } from "@connectrpc/connect";
import { type Call, type EndOfCall, unexpected } from "../call/index.ts";
import { amendCodecError } from "./codec-error.ts";
import { callOf } from "./context.ts";

/**
 * Watches for the end of a call. Connect aborts the call in any case, and with the error where there is one, before it
 * writes that error down: the one moment at which an error can be put right for all protocols.
 */
export function watchEnd(context: HandlerContext, ended: EndOfCall): Call {
  const call = callOf(context);
  const { signal } = context;
  let failure: ConnectError | undefined;
  let isTold = false;
  const tell = () => {
    if (isTold) return;
    isTold = true;
    // Services without a guard do not say themselves that they have answered.
    if (!failure && signal.reason === over) call.answered = true;
    ended(call, context.protocolName, failure);
  };
  const note = (reason: unknown) => {
    if (reason === undefined || reason === over) return over;
    failure = reason instanceof ConnectError ? reason : unexpected(reason);
    amendCodecError(failure);
    return failure;
  };
  const end = () => {
    note(signal.reason);
    // An answer that cannot be written down ends the call first as if all were well, and then with the error.
    if (signal.reason === over) setImmediate(tell);
    else tell();
  };
  // Where the deadline had passed before anything began, the call may still end otherwise: for instance unadmitted.
  const isLate = signal.aborted;
  interceptAbort(context, (reason) => {
    if (isLate) queueMicrotask(tell);
    return note(reason);
  });
  if (!isLate) signal.addEventListener("abort", end, { once: true });
  return call;
}

/**
 * Lets all that Connect says of a call's end be seen, and be said otherwise. Where it says nothing, the call went well; the
 * platform would make a reason of its own then for each of them, with a stack: a thirtieth of what a call costs.
 */
function interceptAbort(context: object, see: (reason: unknown) => unknown): void {
  if (!("abort" in context) || typeof context.abort !== "function") return;
  const abort = context.abort.bind(context);
  context.abort = (reason?: unknown) => abort(see(reason));
}

/** Why the signal of a call aborts that went well. Nobody shows it. */
const over = new DOMException("the call is over", "AbortError");
