import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { errorCode } from "./error-code.ts";
import type { ProcessIdentity } from "./process-table.ts";

/**
 * Remembers a supervisor beyond the gateway's own life: its number on a line, as in other such files, and what else tells
 * it from all others on the next. Written without waiting, so that hardly a moment is without it.
 */
export function writePidFile(path: string, identity: ProcessIdentity): void {
  const temporary = `${path}.new`;
  const { pid, ...rest } = identity;
  rmSync(temporary, { force: true });
  writeFileSync(temporary, `${pid}\n${JSON.stringify(rest)}\n`, { mode: 0o600, flag: "wx" });
  renameSync(temporary, path);
}

/** Never 1: to signal the group of that number is to signal everybody. */
const number = /^([2-9]|[1-9]\d+)$/;

export const removePidFile = (path: string): void => rmSync(path, { force: true });

/** Undefined where there is none, or where it is not what {@link writePidFile} writes. */
export function readPidFile(path: string): ProcessIdentity | undefined {
  try {
    const [pid = "", rest = ""] = readFileSync(path, "utf8").split("\n");
    const read: unknown = JSON.parse(rest);
    return number.test(pid) && isRest(read) ? { pid: Number(pid), ...read } : undefined;
  } catch (thrown) {
    if (errorCode(thrown) === "ENOENT" || thrown instanceof SyntaxError) return undefined;
    throw thrown;
  }
}

function isRest(read: unknown): read is Omit<ProcessIdentity, "pid"> {
  if (typeof read !== "object" || read === null) return false;
  const { startTime, bootId, commandLine, ...more } = read as Record<string, unknown>;
  const texts = [startTime, bootId, commandLine];
  return texts.every((text) => typeof text === "string") && Object.keys(more).length === 0;
}
