import { type Logger, pino } from "pino";
import type { Log } from "../core/log.ts";
import { prettyLine } from "./pretty-line.ts";
import { scrubFields } from "./scrub-fields.ts";
import { scrubText } from "./scrub-text.ts";

const levels = ["trace", "debug", "info", "warn", "error"] as const;

export type LogLevel = (typeof levels)[number];

/** Takes whole lines, each with its line feed. */
interface LogDestination {
  write(line: string): unknown;
}

interface LogOptions {
  readonly level: LogLevel;
  readonly destination: LogDestination;
  /** Lines for people instead of JSON. The audit log is JSON in any case. */
  readonly pretty?: boolean;
}

export interface ServiceLog extends Log {
  /** Writes whatever the level is; its lines have `"audit":true`, and no others do. */
  readonly audit: Log;
}

/**
 * A log of JSON lines. All that is logged goes through {@link scrubFields} and {@link scrubText} first, and JSON escapes
 * control characters, so that no value can begin a line or carry a credential (requirement T7, A-78).
 */
export function createLog({ level, destination, pretty = false }: LogOptions): ServiceLog {
  const options = {
    base: null,
    messageKey: "message",
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { err: (scrubbed: unknown) => scrubbed }, // pino's own looks for errors in plain data again
    formatters: { level: (label: string) => ({ level: label }) },
  };
  const lines = pretty ? { write: (line: string) => destination.write(prettyLine(line)) } : destination;
  const audit = pino({ ...options, level: "info" }, destination).child({ audit: true });
  return { ...logOver(pino({ ...options, level }, lines)), audit: logOver(audit) };
}

/** What the log itself writes into a line; a field of one of these names gets an underscore. */
const reserved = new Set(["level", "time", "message", "audit"]);

function logOver(logger: Logger): Log {
  const clean = (fields: object) =>
    Object.fromEntries(
      Object.entries(scrubFields(fields)).map(([key, value]) => [reserved.has(key) ? `${key}_` : key, value]),
    );
  const at = (level: LogLevel) => (fields: object, message: string) => {
    if (logger.isLevelEnabled(level)) logger[level](clean(fields), scrubText(message));
  };
  const [trace, debug, info, warn, error] = [at("trace"), at("debug"), at("info"), at("warn"), at("error")];
  return { trace, debug, info, warn, error, child: (fields) => logOver(logger.child(clean(fields))) };
}
