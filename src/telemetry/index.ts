/** What the gateway tells of itself (requirement O1): log, audit log and metrics, none of which holds a secret (T7). */
export { createAudit } from "./create-audit.ts";
export { createLog, type LogDestination, type LogLevel, type LogOptions, type ServiceLog } from "./create-log.ts";
export {
  type CallMeasure,
  createMetrics,
  type GaugeName,
  type Metrics,
  type MetricsOptions,
} from "./create-metrics.ts";
