import type { HandlerContext } from "@connectrpc/connect";
import type { Gate } from "../../access/index.ts";
import type { Clock } from "../../core/clock.ts";
import type { Log } from "../../core/log.ts";
import { anonymous } from "../../core/principal.ts";
import { Refusal } from "../../core/refusal.ts";
import type { Draining } from "../draining.ts";
import type { Call } from "./call.ts";
import { toConnectError } from "./connect-error.ts";
import { type OnCall, watchEnd } from "./end-of-call.ts";
import type { StreamSlots } from "./stream-slots.ts";

/** Runs when a call's headers are known, and before its body is read. */
export type RequestGate = (context: HandlerContext) => void | Promise<void>;

export interface GateSurroundings {
  readonly gate: Gate;
  readonly draining: Draining;
  readonly slots: StreamSlots;
  readonly clock: Clock;
  readonly log: Log;
  readonly onCall: OnCall | undefined;
}

/** The gate before guarded methods: not while draining, then who calls and may they, then how many streams they have. */
export function guardedGate({ gate, draining, slots, ...observers }: GateSurroundings): RequestGate {
  return async (context) => {
    const call = watchEnd(context, observers);
    try {
      if (draining.begun) throw draining.refusal();
      requireKnownVersion(context);
      call.principal = await gate({ method: context.method, ...call.head });
      if (context.method.methodKind !== "unary") holdSlot(slots, call, context);
    } catch (thrown) {
      throw toConnectError(thrown);
    }
  };
}

/** The gate before methods that are open to all, while draining too. */
export function openGate(observers: Omit<GateSurroundings, "gate" | "draining" | "slots">): RequestGate {
  return (context) => {
    watchEnd(context, observers).principal = anonymous;
    try {
      requireKnownVersion(context);
    } catch (thrown) {
      throw toConnectError(thrown);
    }
  };
}

function holdSlot(slots: StreamSlots, call: Call, { signal }: HandlerContext): void {
  if (signal.aborted || !call.principal) return;
  const slot = slots.take(call.principal);
  if (slot) signal.addEventListener("abort", () => slot[Symbol.dispose](), { once: true });
}

/** A Connect client that says a version says one that we speak; saying none is allowed, for curl. */
function requireKnownVersion({ protocolName, requestHeader }: HandlerContext): void {
  const version = protocolName === "connect" ? requestHeader.get("connect-protocol-version") : null;
  if (version === null || version === "1") return;
  throw new Refusal("request-invalid", { says: "connect-protocol-version: expected 1" });
}
