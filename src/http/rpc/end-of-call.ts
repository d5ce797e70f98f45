import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import type { Clock } from "../../core/clock.ts";
import type { Log } from "../../core/log.ts";
import type { Principal } from "../../core/principal.ts";
import { type Reason, Refusal } from "../../core/refusal.ts";
import { describeFailure } from "../describe-failure.ts";
import { type Call, callOf } from "./call.ts";
import { amendCodecError } from "./codec-error.ts";

/** What became of a call, for metrics and the access log. */
export interface CallRecord {
  /** Full name, for instance `openshell.v1.OpenShell/Health`. */
  readonly method: string;
  readonly protocol: string;
  /** `ok`, or the status code's name in lower case with underscores. */
  readonly code: string;
  /** Where the gateway refused it. */
  readonly reason: Reason | undefined;
  readonly durationMs: number;
  /** Undefined where it was refused before anybody knew. */
  readonly principalKind: Principal["kind"] | undefined;
}

/** Takes records of calls; it neither throws nor waits. */
export type OnCall = (record: CallRecord) => void;

interface Observers {
  readonly clock: Clock;
  readonly log: Log;
  readonly onCall: OnCall | undefined;
}

/**
 * Watches for the end of a call. Connect aborts the call's signal in any case, and with the error where there is one,
 * before it writes that error down: the one moment at which an error can be put right for all protocols.
 */
export function watchEnd(context: HandlerContext, { clock, log, onCall }: Observers): Call {
  const call = callOf(context);
  const { signal } = context;
  const end = () => {
    const thrown: unknown = signal.reason;
    const error = thrown instanceof ConnectError ? thrown : undefined;
    const refusal = error?.cause instanceof Refusal ? error.cause : undefined;
    if (error) amendCodecError(error);
    const method = `${context.service.typeName}/${context.method.name}`;
    if (refusal?.reason === "internal") log.error({ method, error: describeFailure(refusal.cause) }, "a call failed");
    onCall?.({
      method,
      protocol: context.protocolName,
      code: call.answered ? "ok" : error ? nameOf(error.code) : "internal",
      reason: refusal?.reason,
      durationMs: clock.monotonic() - call.startedAt,
      principalKind: call.principal?.kind,
    });
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

const nameOf = (code: Code) => (Code[code] ?? "Unknown").replace(/(?<!^)[A-Z]/g, "_$&").toLowerCase();
