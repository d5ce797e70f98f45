import { httpUrl, listOf, name, oneOf, path, share, wholeNumber, yesOrNo } from "../kind.ts";
import { optional, settled } from "../option.ts";

const seconds = (least: number, most: number) => wholeNumber(least, most, "seconds");

/** Where the gateway finds and keeps things, how it logs and ends. */
export const programOptions = {
  config: optional({
    flag: "--config",
    env: "OPENSHELL_GATEWAY_CONFIG",
    kind: path,
    otherwise: "`$XDG_CONFIG_HOME/openshell/gateway.toml` (`~/.config/…`) where it exists",
    says: "The TOML file.",
  }),
  dev: settled({
    flag: "--dev",
    kind: yesOrNo,
    fallback: false,
    says: "A developer's own gateway: allows unauthenticated users unless that is said to be off, and makes a signing key where there is none.",
  }),
  stateDir: optional({
    key: "state_dir",
    flag: "--state-dir",
    env: "OPENSHELL_STATE_DIR",
    kind: path,
    otherwise: "`$XDG_STATE_HOME/openshell` (`~/.local/state/openshell`)",
    says: "Holds the database, keys, certificates and what drivers keep for sandboxes.",
  }),
  logLevel: settled({
    key: "log_level",
    flag: "--log-level",
    env: "OPENSHELL_LOG_LEVEL",
    kind: oneOf("trace", "debug", "info", "warn", "error"),
    fallback: "info" as const,
    says: "How much is logged. The audit log is written at any level.",
  }),
  traceEndpoint: optional({
    key: "trace_endpoint",
    flag: "--trace-endpoint",
    env: "OPENSHELL_TRACE_ENDPOINT",
    kind: httpUrl,
    otherwise: "off",
    says: "Where a span of each call is sent: OTLP over HTTP, in JSON. `OTEL_EXPORTER_OTLP_HEADERS` holds what the collector asks for.",
  }),
  traceRatio: settled({
    key: "trace_ratio",
    flag: "--trace-ratio",
    env: "OPENSHELL_TRACE_RATIO",
    kind: share,
    fallback: 1,
    says: "The share of traces that are sent. It is decided by the trace's id, whatever the caller says of it.",
  }),
  drivers: settled<readonly string[]>({
    key: "compute_drivers",
    flag: "--drivers",
    alias: "--driver",
    env: "OPENSHELL_DRIVERS",
    kind: listOf(name(/^[a-z0-9-]{1,32}$/, "a name"), "names of drivers"),
    fallback: ["process"],
    says: "What runs sandboxes. `process` starts supervisors as child processes; there is no other yet.",
  }),
  drainSecs: settled({
    key: "drain_deadline_secs",
    flag: "--drain-deadline",
    env: "OPENSHELL_DRAIN_DEADLINE_SECS",
    kind: seconds(0, 3_600),
    fallback: 20,
    says: "How long calls in flight may take when the gateway stops.",
  }),
};
