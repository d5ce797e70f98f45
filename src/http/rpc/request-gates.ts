import type { HandlerContext } from "@connectrpc/connect";
import { Refusal } from "../../core/refusal.ts";
import { type Admit, type Call, type EndOfCall, toConnectError } from "../call/index.ts";
import type { StreamSlots } from "./stream-slots.ts";
import { watchEnd } from "./watch-end.ts";

/** Runs when a call's headers are known, and before its body is read. */
export type RequestGate = (context: HandlerContext) => void | Promise<void>;

export interface GateSurroundings {
  readonly admit: Admit;
  readonly ended: EndOfCall;
  /** Bounds the streams of one caller; undefined where anybody may have as many as the method allows. */
  readonly slots: StreamSlots | undefined;
}

/** Puts admission before a method that Connect serves: who calls and may they, then how many streams they have. */
export function createRequestGate({ admit, ended, slots }: GateSurroundings): RequestGate {
  return async (context) => {
    const call = watchEnd(context, ended);
    try {
      requireKnownVersion(context);
      await admit(call);
      if (slots && context.method.methodKind !== "unary") holdSlot(slots, call, context);
    } catch (thrown) {
      throw toConnectError(thrown);
    }
  };
}

function holdSlot(slots: StreamSlots, call: Call, { signal }: HandlerContext): void {
  if (signal.aborted || !call.caller) return;
  const slot = slots.take(call.caller);
  if (slot) signal.addEventListener("abort", () => slot[Symbol.dispose](), { once: true });
}

/** A Connect client that says a version says one that we speak; saying none is allowed, for curl. */
function requireKnownVersion({ protocolName, requestHeader }: HandlerContext): void {
  const version = protocolName === "connect" ? requestHeader.get("connect-protocol-version") : null;
  if (version === null || version === "1") return;
  throw new Refusal("request-invalid", { says: "connect-protocol-version: expected 1" });
}
