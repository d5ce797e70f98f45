import type { DescMethod } from "@bufbuild/protobuf";
import { Code, type ConnectError } from "@connectrpc/connect";
import type { Clock } from "../../core/clock.ts";
import type { Log } from "../../core/log.ts";
import type { Principal } from "../../core/principal.ts";
import { type Reason, Refusal } from "../../core/refusal.ts";
import { describeFailure } from "../describe-failure.ts";
import type { Call } from "./call.ts";

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
  /** The caller's header of this name, as it came. */
  readonly traceparent: string | undefined;
}

/** Takes records of calls; it neither throws nor waits. */
export type OnCall = (record: CallRecord) => void;

export interface Observers {
  readonly clock: Clock;
  readonly log: Log;
  readonly onCall: OnCall | undefined;
}

/** Tells of a call's end, once: logs what must not happen, and hands a record on. */
export type EndOfCall = (call: Call, protocol: string, error: ConnectError | undefined) => void;

export function createEndOfCall({ clock, log, onCall }: Observers): EndOfCall {
  return (call, protocol, error) => {
    const refusal = error?.cause instanceof Refusal ? error.cause : undefined;
    const method = fullName(call.method);
    if (refusal?.reason === "internal") log.error({ method, error: describeFailure(refusal.cause) }, "a call failed");
    onCall?.({
      method,
      protocol,
      code: codeOf(call, error),
      reason: refusal?.reason,
      durationMs: clock.monotonic() - call.startedAt,
      principalKind: call.caller?.kind,
      traceparent: call.head.traceparent,
    });
  };
}

const fullNames = new WeakMap<DescMethod, string>();

/** For instance `openshell.v1.OpenShell/Health`; put together once for each method. */
function fullName(method: DescMethod): string {
  let name = fullNames.get(method);
  if (name === undefined) {
    name = `${method.parent.typeName}/${method.name}`;
    fullNames.set(method, name);
  }
  return name;
}

/** A caller that goes once its answer is made has been answered. */
function codeOf({ answered }: Call, error: ConnectError | undefined): string {
  if (error && !(answered && error.code === Code.Canceled)) return names.get(error.code) ?? "unknown";
  return answered ? "ok" : "internal";
}

const names = new Map(
  Object.entries(Code).flatMap(([name, code]) => (typeof code === "number" ? [[code, spelled(name)] as const] : [])),
);

function spelled(name: string): string {
  return name.replace(/(?<!^)[A-Z]/g, "_$&").toLowerCase();
}
