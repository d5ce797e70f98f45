import { ConnectError } from "@connectrpc/connect";
import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";

export const levels = ["trace", "debug", "info", "warn", "error"] as const;
type Level = (typeof levels)[number];
/** The least level that a sink takes; `off` takes nothing. */
export type LevelFilter = Level | "off";

interface LogRecord {
  /** Milliseconds since the epoch. */
  readonly timestampMs: number;
  readonly level: Level;
  /** The part of the supervisor that speaks. */
  readonly target: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export type LogSink = (record: LogRecord) => void;

/** A log that hands each record to all sinks. A `target` among the fields of `child` names the part that speaks. */
export function createLog(clock: Clock, sinks: readonly LogSink[]): Log {
  return logWith(clock, sinks, { target: "supervisor" });
}

function logWith(clock: Clock, sinks: readonly LogSink[], bound: Readonly<Record<string, unknown>>): Log {
  const at = (level: Level) => (own: object, message: string) => {
    const { target, ...fields } = { ...bound, ...own };
    const record = { timestampMs: clock.now(), level, target: String(target), message, fields };
    for (const sink of sinks) sink(record);
  };
  return {
    trace: at("trace"),
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    child: (fields) => logWith(clock, sinks, { ...bound, ...fields }),
  };
}

/** Passes on the records that reach the level. */
export function atLeast(filter: LevelFilter, sink: LogSink): LogSink {
  if (filter === "off") return () => undefined;
  const least = levels.indexOf(filter);
  return (record) => {
    if (levels.indexOf(record.level) >= least) sink(record);
  };
}

/** Writes one line of JSON for each record. */
export function jsonLines(write: (line: string) => void): LogSink {
  return ({ timestampMs, level, target, message, fields }) =>
    write(`${JSON.stringify({ time: new Date(timestampMs).toISOString(), level, target, message, ...fields })}\n`);
}

/** What a log may say of a failure: its status or system code, and its message. */
export function describeFailure(error: unknown): string {
  if (error instanceof ConnectError) return error.message;
  return error instanceof Error ? error.message : String(error);
}
