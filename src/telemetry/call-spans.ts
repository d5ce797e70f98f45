import { type Attributes, ROOT_CONTEXT, SpanKind, SpanStatusCode, type Tracer } from "@opentelemetry/api";
import { ExportResultCode, millisToHrTime, W3CTraceContextPropagator } from "@opentelemetry/core";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  BatchSpanProcessor,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import { pause } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import type { TracedCall, Tracing, TracingOptions } from "./create-tracing.ts";

/** For one batch to be taken, and for the last one when the gateway ends; in milliseconds. */
const patienceMs = 5_000;

/** Codes that are the server's failure (OpenTelemetry, semantic conventions for RPC: errors of server spans). */
const failures: ReadonlySet<string> = new Set([
  ...["unknown", "deadline_exceeded", "unimplemented", "internal", "unavailable", "data_loss"],
]);

const propagator = new W3CTraceContextPropagator();
const getter = {
  keys: () => ["traceparent"],
  get: (traceparent: string, name: string) => (name === "traceparent" ? traceparent : undefined),
};

/**
 * A span of each call, made once it has ended, so that both ways of a call need not know of it. What a span says has closed
 * sets of values: no caller can put a secret into one (requirement T7). Callers say which trace theirs is part of, and not
 * whether it is sent: a sandbox must be able neither to hide nor to flood.
 */
export class CallSpans implements Tracing {
  readonly #options: TracingOptions;
  readonly #provider: TracerProvider;
  readonly #tracer: Tracer;

  /** @param exporter where batches of spans go */
  constructor(options: TracingOptions, exporter: SpanExporter) {
    this.#options = options;
    this.#provider = new TracerProvider({
      sampler: new TraceIdRatioBasedSampler(options.ratio),
      resource: resourceFromAttributes({
        "service.name": "openshell-gateway",
        "service.version": options.version,
        "service.instance.id": options.instance,
      }),
      spanProcessors: [
        new BatchSpanProcessor({ exporter: noting(exporter, options.log), exportTimeoutMillis: patienceMs }),
      ],
    });
    this.#tracer = this.#provider.getTracer("openshell-gateway", options.version);
  }

  call(call: TracedCall): void {
    const endedAt = this.#options.clock.now();
    const { traceparent } = call;
    const parent = traceparent === undefined ? ROOT_CONTEXT : propagator.extract(ROOT_CONTEXT, traceparent, getter);
    const span = this.#tracer.startSpan(
      call.method,
      {
        kind: SpanKind.SERVER,
        startTime: millisToHrTime(endedAt - call.durationMs),
        attributes: attributesOf(call),
      },
      parent,
    );
    if (failures.has(call.code)) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end(millisToHrTime(endedAt));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { clock } = this.#options;
    await Promise.race([this.#provider.shutdown(), pause(clock, patienceMs)]);
  }
}

/** By the semantic conventions for RPC, and what they have no name for under ours. */
function attributesOf({ method, protocol, code, reason, principalKind }: TracedCall): Attributes {
  const isConnect = protocol === "connect";
  const status = isConnect ? code : code.toUpperCase();
  return {
    "rpc.system.name": isConnect ? "connectrpc" : "grpc",
    "rpc.method": method,
    // Connect has names for errors alone.
    ...((!isConnect || code !== "ok") && { "rpc.response.status_code": status }),
    "openshell.protocol": protocol,
    ...(failures.has(code) && { "error.type": status }),
    ...(reason !== undefined && { "openshell.refusal": reason }),
    ...(principalKind !== undefined && { "openshell.principal.kind": principalKind }),
  };
}

/** Sends to the endpoint. The exporter's own variables hold besides, `OTEL_EXPORTER_OTLP_HEADERS` among them. */
export function sendTo({ endpoint }: TracingOptions): SpanExporter {
  return new OTLPTraceExporter({ url: endpoint, timeoutMillis: patienceMs });
}

/** Tells the log when spans begin not to be taken, and when they are again; the library tells nobody. */
function noting(exporter: SpanExporter, log: Log): SpanExporter {
  let isFailing = false;
  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        const fails = result.code !== ExportResultCode.SUCCESS;
        if (fails && !isFailing) log.warn({ error: result.error?.message }, "traces are not taken, and are lost");
        if (!fails && isFailing) log.info({}, "traces are taken again");
        isFailing = fails;
        done(result);
      });
    },
    forceFlush: async () => exporter.forceFlush?.(),
    shutdown: () => exporter.shutdown(),
  };
}
