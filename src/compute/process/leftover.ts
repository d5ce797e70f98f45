import { type Clock, pause } from "../../core/clock.ts";
import type { Log } from "../../core/log.ts";
import { endSupervisor } from "./end-supervisor.ts";
import { readPidFile, removePidFile } from "./pid-file.ts";
import type { ProcessIdentity, ProcessTable } from "./process-table.ts";
import { SupervisorSessions } from "./supervisor-sessions.ts";

const lookAgainMs = 50;

/**
 * Ends the supervisor that a gateway left behind when it was killed, and all that it started. Only a process that is the
 * remembered one in number, start time, boot and command line is touched.
 */
export async function endLeftover(pidFile: string, table: ProcessTable, clock: Clock, log: Log): Promise<void> {
  const identity = readPidFile(pidFile);
  if (identity && table.isRunning(identity)) {
    log.warn({ pid: identity.pid }, "a supervisor outlived its gateway and is ended");
    const watching = new AbortController();
    try {
      const ended = untilEnded(identity, table, clock, watching.signal);
      await endSupervisor(new SupervisorSessions(identity.pid, table), ended, clock);
    } finally {
      watching.abort();
    }
  }
  removePidFile(pidFile);
}

async function untilEnded(identity: ProcessIdentity, table: ProcessTable, clock: Clock, signal: AbortSignal) {
  while (!signal.aborted && table.isRunning(identity)) await pause(clock, lookAgainMs, signal);
}
