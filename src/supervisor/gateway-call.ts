import type { CallOptions } from "@connectrpc/connect";

/** Longer than a credential's usual grace, so that a refused call outlives the search for another token. */
const unaryTimeoutMs = 20_000;

/** Makes a unary call with a deadline; it ends when the signal aborts. */
export function callUnary<T>(signal: AbortSignal, call: (options: CallOptions) => Promise<T>): Promise<T> {
  return callUntil(signal, ({ signal: own }) => call({ signal: own, timeoutMs: unaryTimeoutMs }));
}

/**
 * Makes a call that ends when the signal aborts. The call gets a signal of its own: the library leaves a listener on each
 * signal that it is given, and ours lives as long as the process.
 */
export async function callUntil<T>(
  signal: AbortSignal,
  call: (options: { signal: AbortSignal }) => Promise<T>,
): Promise<T> {
  const own = new AbortController();
  const abort = () => own.abort(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) abort();
  try {
    return await call({ signal: own.signal });
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
