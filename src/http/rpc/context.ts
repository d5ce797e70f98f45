import { createContextKey, type HandlerContext } from "@connectrpc/connect";
import type { Call } from "../call/index.ts";

/** Where Connect's context of a call keeps the call. */
export const callKey = createContextKey<Call | undefined>(undefined, { description: "call" });

/** @throws Error where a handler runs outside the front door. */
export function callOf(context: HandlerContext): Call {
  const call = context.values.get(callKey);
  if (!call) throw new Error(`${context.method.name} was called without its head`);
  return call;
}
