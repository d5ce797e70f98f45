import { createSandboxes } from "./create-sandboxes.ts";
import type { Plan } from "./plan.ts";
import { residentBytes } from "./process-figures.ts";
import { type ServerName, type ServerOptions, startServer } from "./server-process.ts";
import { openSessions, type Sandbox } from "./supervisor-sessions.ts";

/** What one idle session of a supervisor costs. */
export interface SessionFigures {
  readonly server: ServerName;
  readonly perConnection: number;
  /** Resident memory, all that the process has, in bytes. */
  readonly residentBytes: number;
  /** The part of it in V8's heap. */
  readonly heapBytes: number;
}

/** Sessions on one connection, as a proxy would put them; the gateway allows 256 streams. */
const shared = 250;
const warmUp = 50;
/** Of as many sessions as are measured, how many stand before. */
const first = 0.5;

/** Each in a process of its own, as memory that was once used is not always given back. */
export async function measureSessions(plan: Plan, options: ServerOptions): Promise<SessionFigures[]> {
  const figures: SessionFigures[] = [];
  for (const server of plan.sessionServers) {
    for (const perConnection of [1, shared]) figures.push(await measure(server, perConnection, plan.sessions, options));
  }
  return figures;
}

async function measure(
  name: ServerName,
  perConnection: number,
  count: number,
  options: ServerOptions,
): Promise<SessionFigures> {
  await using server = await startServer(name, options);
  const sandboxes = warmUp + first * count + count;
  const all: Sandbox[] =
    name === "gateway"
      ? await createSandboxes(server, sandboxes)
      : Array.from({ length: sandboxes }, () => ({ id: crypto.randomUUID(), token: "none" }));
  const sizes = async () => ({ heap: (await server.ask("memory")).heapBytes, resident: residentBytes(server.pid) });

  // What the first sessions load and compile is no cost of the others, and they may find room that others left.
  (await openSessions(server.url, all.slice(0, warmUp), perConnection))[Symbol.dispose]();
  using _first = await openSessions(server.url, all.slice(warmUp, -count), perConnection);
  const before = await sizes();
  using _measured = await openSessions(server.url, all.slice(-count), perConnection);
  const after = await sizes();
  return {
    ...{ server: name, perConnection },
    residentBytes: (after.resident - before.resident) / count,
    heapBytes: (after.heap - before.heap) / count,
  };
}
