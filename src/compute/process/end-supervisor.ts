import { type Clock, pause } from "../../core/clock.ts";
import type { SupervisorSessions } from "./supervisor-sessions.ts";

/** How long a supervisor may take to end by itself, and how long the kernel may take to end it. */
const graceMs = 5_000;

/**
 * Asks a supervisor to end (TERM), then ends what is left of it and of all that it started (KILL).
 * @param ended resolves when the supervisor has ended
 * @throws Error where even that does not help
 */
export async function endSupervisor(
  sessions: SupervisorSessions,
  ended: Promise<unknown>,
  clock: Clock,
): Promise<void> {
  sessions.look();
  sessions.terminate();
  await within(clock, ended);
  await sessions.kill();
  if (!(await within(clock, ended))) throw new Error("a supervisor does not end, although it was killed");
}

async function within(clock: Clock, ended: Promise<unknown>): Promise<boolean> {
  const enough = new AbortController();
  const inTime = await Promise.race([
    ended.then(() => true),
    pause(clock, graceMs, enough.signal).then(() => enough.signal.aborted),
  ]);
  enough.abort();
  return inTime;
}
