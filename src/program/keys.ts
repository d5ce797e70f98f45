import { join } from "node:path";
import { type KeysPlan, localTlsDirectory } from "../config/index.ts";
import { changeKeys, describeKeys, listKeys } from "../tokens/keys/index.ts";
import type { ProgramHost } from "./run-program.ts";

/**
 * Shows or changes the key ring on disk; gateways that use it follow by themselves.
 * @throws Error that says why nothing was done.
 */
export async function runKeys(plan: KeysPlan, { environment, clock, stdout }: ProgramHost): Promise<void> {
  const directory = plan.directory ?? join(localTlsDirectory(environment), "jwt");
  if (plan.action === "list") {
    const keys = await listKeys(directory, clock);
    stdout(plan.output === "json" ? `${JSON.stringify(keys, undefined, 2)}\n` : describeKeys(keys));
    return;
  }
  const { action: command, keyId, force } = plan;
  stdout(`${await changeKeys({ command, directory, keyId, force, clock })}\n`);
}
