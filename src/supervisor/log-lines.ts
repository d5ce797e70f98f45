import type { LogSink } from "./log.ts";
import type { LogBuffer } from "./log-buffer.ts";
import { longestLine } from "./split-lines.ts";

/** Puts the supervisor's own records into the buffer for the gateway. */
export function toBuffer(buffer: LogBuffer): LogSink {
  return ({ timestampMs, level, target, message, fields }) =>
    buffer.add({
      timestampMs: BigInt(timestampMs),
      level: level.toUpperCase(),
      target,
      message: message.slice(0, longestLine),
      source: "sandbox",
      fields: Object.fromEntries(
        Object.entries(fields)
          .filter(([, value]) => value !== undefined)
          .map(([name, value]) => [name, textOf(value).slice(0, longestLine)]),
      ),
    });
}

/** Puts a line of the main process into the buffer. */
export function addProcessLine(
  buffer: LogBuffer,
  timestampMs: number,
  stream: "stdout" | "stderr",
  line: string,
): void {
  buffer.add({
    timestampMs: BigInt(timestampMs),
    level: "INFO",
    target: "process",
    message: line,
    source: "sandbox",
    fields: { stream },
  });
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : (JSON.stringify(value) ?? ""));
