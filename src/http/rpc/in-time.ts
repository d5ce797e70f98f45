import type { HandlerContext } from "@connectrpc/connect";

/** A caller that set a deadline is answered no later (gRPC's `DEADLINE_EXCEEDED`), whatever the handler does. */
export async function inTime<T>(make: () => T | Promise<T>, { signal, timeoutMs }: HandlerContext): Promise<T> {
  if (timeoutMs() === undefined) return make();
  signal.throwIfAborted();
  const late = Promise.withResolvers<never>();
  const tell = () => late.reject(signal.reason);
  signal.addEventListener("abort", tell, { once: true });
  try {
    return await Promise.race([make(), late.promise]);
  } finally {
    signal.removeEventListener("abort", tell);
  }
}
