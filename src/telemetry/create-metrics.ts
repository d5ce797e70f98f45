import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { AuditEvent } from "../core/audit.ts";
import type { Reason } from "../core/refusal.ts";

interface MetricsOptions {
  readonly version: string;
  /** Full names of all methods, for instance `openshell.v1.OpenShell/Health`; any other counts as `unknown`. */
  readonly methods: Iterable<string>;
}

/** What became of a call. */
export interface CallMeasure {
  readonly method: string;
  readonly protocol: string;
  /** `ok`, or the status code's name in lower case with underscores. */
  readonly code: string;
  readonly reason: Reason | undefined;
  readonly durationMs: number;
}

const gauges = {
  token_families: "Token families that are live",
  supervisor_sessions: "Supervisors that are connected",
  streams: "Streaming calls that are open",
  sandboxes: "Sandboxes that exist",
  change_feed_staleness_seconds: "For how long changes of other replicas may be unknown here",
  supervisor_sessions_elsewhere: "Supervisors that are connected to other replicas",
} as const;

type GaugeName = keyof typeof gauges;

export interface Metrics {
  call(measure: CallMeasure): void;
  audited(event: AuditEvent["event"]): void;
  auditFailed(): void;
  /** Lets a gauge show what `read` returns at each scrape. */
  show(name: GaugeName, read: () => number): void;
  /** The exposition of all metrics, in the format of {@link contentType}. */
  text(): Promise<string>;
  readonly contentType: string;
}

const protocols = new Set(["grpc", "grpc-web", "connect"]);
const codes = new Set([
  ...["ok", "canceled", "unknown", "invalid_argument", "deadline_exceeded", "not_found", "already_exists"],
  ...["permission_denied", "resource_exhausted", "failed_precondition", "aborted", "out_of_range", "unimplemented"],
  ...["internal", "unavailable", "data_loss", "unauthenticated"],
]);
const prefix = "openshell_gateway_";
const secondsBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30];

/**
 * Metrics in a registry of their own. Labels have closed sets of values, so that no caller can add a series or put
 * something into one (requirement T7).
 */
export function createMetrics({ version, methods }: MetricsOptions): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const named = (name: string, help: string) => ({ name: `${prefix}${name}`, help, registers: [registry] });

  const calls = new Counter({
    ...named("calls_total", "Calls that ended"),
    labelNames: ["method", "code", "protocol"],
  });
  const durations = new Histogram({
    ...named("call_duration_seconds", "Time from a call's headers to its end"),
    labelNames: ["method"],
    buckets: secondsBuckets,
  });
  const refusals = new Counter({ ...named("refusals_total", "Calls that were refused"), labelNames: ["reason"] });
  const audited = new Counter({ ...named("audit_events_total", "Lines of the audit log"), labelNames: ["event"] });
  const auditFailures = new Counter(named("audit_failures_total", "Audit events that could not be written"));
  const build = new Gauge({ ...named("build_info", "The version that runs"), labelNames: ["version"] });
  build.set({ version }, 1);

  const known = new Set(methods);
  const among = (set: ReadonlySet<string>, value: string) => (set.has(value) ? value : "unknown");
  return {
    call({ method, protocol, code, reason, durationMs }) {
      const labels = { method: among(known, method), code: among(codes, code), protocol: among(protocols, protocol) };
      calls.inc(labels);
      durations.observe({ method: labels.method }, durationMs / 1000);
      if (reason !== undefined) refusals.inc({ reason });
    },
    audited: (event) => audited.inc({ event }),
    auditFailed: () => auditFailures.inc(),
    show(name, read) {
      new Gauge({
        ...named(name, gauges[name]),
        collect() {
          this.set(read());
        },
      });
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}
