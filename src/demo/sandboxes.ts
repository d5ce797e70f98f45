import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { SandboxPhase } from "../../gen/openshell/v1/sandboxes_pb.ts";
import type { Client } from "./caller.ts";

export interface DemoSandbox {
  readonly id: string;
  readonly name: string;
  /** The token as its supervisor would read it now. */
  token(): Promise<string>;
  /** The process id of its supervisor. */
  supervisor(): Promise<number>;
  /** Where its supervisor reaches the gateway. */
  endpoint(): Promise<string>;
}

/** Creates a sandbox through the public API and waits until its supervisor's session makes it ready. */
export async function createSandbox(user: Client, stateDir: string, name: string): Promise<DemoSandbox> {
  const { sandbox } = await user.createSandbox({ name });
  const id = sandbox?.metadata?.id ?? "";
  for await (const event of user.watchSandbox({ id, followStatus: true })) {
    if (event.payload.case !== "sandbox") continue;
    const phase = event.payload.value.status?.phase;
    if (phase === SandboxPhase.READY) break;
    if (phase === SandboxPhase.ERROR) throw new Error(`sandbox ${name} did not start`);
  }
  const folder = join(stateDir, "sandboxes", id);
  const supervisor = async () => Number.parseInt(await readFile(join(folder, "supervisor.pid"), "utf8"), 10);
  return {
    id,
    name,
    token: async () => (await readFile(join(folder, "auth", "sandbox.jwt"), "utf8")).trim(),
    supervisor,
    endpoint: async () => environmentOf(await supervisor(), "OPENSHELL_ENDPOINT"),
  };
}

async function environmentOf(pid: number, variable: string): Promise<string> {
  const variables = (await readFile(`/proc/${pid}/environ`, "utf8")).split("\0");
  return variables.find((one) => one.startsWith(`${variable}=`))?.slice(variable.length + 1) ?? "";
}

/** Whether a process is there and not a zombie. */
export async function isAlive(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  return stat !== "" && !/\) [ZX] /.test(stat);
}
