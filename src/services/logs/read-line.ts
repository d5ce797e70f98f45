import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { type SandboxLogLine, SandboxLogLineSchema } from "../../../gen/openshell/v1/logs_pb.ts";
import type { SandboxId } from "../../core/ids.ts";
import { escapeControls } from "./escape-controls.ts";

/** How far ahead of the gateway's a sandbox's clock may be before its timestamps are replaced, in milliseconds. */
const clockSkewMs = 300_000;

const longest = { level: 16, target: 256, message: 8_192, fieldName: 64, fieldValue: 1_024 } as const;
const mostFields = 32;

/** Who wrote a line. A sandbox cannot write in the gateway's name. */
export type LogSource = "sandbox" | "gateway";

export type LogInit = Omit<MessageInitShape<typeof SandboxLogLineSchema>, "$typeName" | "sandboxId" | "source">;

/** A line as it is kept: its sandbox and source are what the gateway knows them to be, and every text has a bound. */
export function readLine(init: LogInit, sandboxId: SandboxId, source: LogSource, now: number): SandboxLogLine {
  const fields = Object.entries(init.fields ?? {}).slice(0, mostFields);
  return create(SandboxLogLineSchema, {
    sandboxId,
    source,
    timestampMs: plausible(init.timestampMs ?? 0n, now),
    level: escapeControls(init.level ?? "", longest.level, "").toUpperCase() || "INFO",
    target: escapeControls(init.target ?? "", longest.target, ""),
    message: escapeControls(init.message ?? "", longest.message, "\t\n"),
    fields: Object.fromEntries(
      fields.map(([name, value]) => [
        escapeControls(name, longest.fieldName, ""),
        escapeControls(value, longest.fieldValue, "\t\n"),
      ]),
    ),
  });
}

function plausible(timestampMs: bigint, now: number): bigint {
  return timestampMs > 0n && timestampMs <= BigInt(now + clockSkewMs) ? timestampMs : BigInt(now);
}

/** What a kept line costs, in bytes, roughly: an object's overhead and its texts. */
export function sizeOf(line: SandboxLogLine): number {
  let size = 256 + line.level.length + line.target.length + line.message.length;
  for (const [name, value] of Object.entries(line.fields)) size += 64 + name.length + value.length;
  return size;
}
