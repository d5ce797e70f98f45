/** What is plain HTTP: probes, metrics, the published keys. */
export { metrics } from "./metrics.ts";
export { probes } from "./probes.ts";
export { type WellKnownOptions, wellKnown } from "./well-known.ts";
