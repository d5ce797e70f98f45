import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { SandboxPhase } from "../../gen/openshell/v1/sandboxes_pb.ts";
import type { Client } from "../support/gateway.ts";

/** Waits until a sandbox is ready: its supervisor is there and said hello. */
export async function ready(client: Client, id: string): Promise<void> {
  for await (const { payload } of client.watchSandbox({ id, followStatus: true }, { timeoutMs: 15_000 })) {
    if (payload.case === "sandbox" && payload.value.status?.phase === SandboxPhase.READY) return;
  }
  throw new Error("the watch ended before the sandbox was ready");
}

/** The process id of a sandbox's supervisor, whose state is in this directory; undefined where none runs. */
export async function supervisorOf(stateDir: string, id: string): Promise<number | undefined> {
  const pid = Number.parseInt(
    await readFile(join(stateDir, "sandboxes", id, "supervisor.pid"), "utf8").catch(none),
    10,
  );
  return (await isAlive(pid)) ? pid : undefined;
}

/** The processes that a process has started and that still run. */
export async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8").catch(none);
  return text.split(" ").filter(Boolean).map(Number);
}

/** Whether a process is there and not only waited for. */
export async function isAlive(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(none);
  return stat !== "" && !/\) [ZX] /.test(stat);
}

/** How long a process has run, in seconds. */
export async function runningFor(pid: number): Promise<number> {
  const [stat, uptime] = await Promise.all([`/proc/${pid}/stat`, "/proc/uptime"].map((path) => readFile(path, "utf8")));
  const ticks = Number(stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[19]);
  return Number.parseFloat(uptime ?? "") - ticks / 100;
}

const none = () => "";
