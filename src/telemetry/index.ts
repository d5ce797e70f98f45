/** What the gateway tells of itself (requirement O1): log, audit log and metrics, none of which holds a secret (T7). */
export { createAudit } from "./create-audit.ts";
export { createLog, type LogLevel, type ServiceLog } from "./create-log.ts";
export { type CallMeasure, createMetrics } from "./create-metrics.ts";
