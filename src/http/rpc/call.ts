import { createContextKey, type HandlerContext } from "@connectrpc/connect";
import type { Principal } from "../../core/principal.ts";
import type { Head } from "../head.ts";

/** One call on its way through Connect. */
export interface Call {
  readonly head: Head;
  /** By the monotonic clock, in milliseconds. */
  readonly startedAt: number;
  /** Set by the gate. */
  principal: Principal | undefined;
  /** Whether the implementation answered in full. */
  answered: boolean;
}

export const callKey = createContextKey<Call | undefined>(undefined, { description: "call" });

/** @throws Error where a handler runs outside the front door. */
export function callOf(context: HandlerContext): Call {
  const call = context.values.get(callKey);
  if (!call) throw new Error(`${context.method.name} was called without its head`);
  return call;
}
