import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import type { CallMeasure } from "./create-metrics.ts";

export interface TracingOptions {
  /** Where spans are sent: OTLP over HTTP, in JSON. */
  readonly endpoint: string;
  /** The share of traces that are sent, from 0 to 1. */
  readonly ratio: number;
  readonly version: string;
  /** Tells this gateway from others that serve the same. */
  readonly instance: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** A call that has ended, for traces. */
export interface TracedCall extends CallMeasure {
  readonly principalKind: string | undefined;
  /** The caller's header (W3C Trace Context), as it came. */
  readonly traceparent: string | undefined;
}

/** Makes a span of each call. Disposing of it sends what is left, for some seconds at most. */
export interface Tracing extends AsyncDisposable {
  /** It neither throws nor waits. */
  call(call: TracedCall): void;
}

/** Traces for whoever names a collector; what they need is loaded here, since most gateways go without. */
export async function createTracing(options: TracingOptions): Promise<Tracing> {
  const { CallSpans, sendTo } = await import("./call-spans.ts");
  return new CallSpans(options, sendTo(options));
}
