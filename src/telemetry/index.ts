/** What the gateway tells of itself (requirement O1): log, audit log, metrics and traces, none of which holds a secret (T7). */
export { createAudit } from "./create-audit.ts";
export { createLog, type LogLevel, type ServiceLog } from "./create-log.ts";
export { type CallMeasure, createMetrics } from "./create-metrics.ts";
export { createTracing, type Tracing } from "./create-tracing.ts";
