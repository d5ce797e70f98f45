/** `openshell sandbox …`: making, showing, stopping and deleting sandboxes, and taking their credentials back. */
import type { Command } from "commander";
import type { Cli } from "../../cli.ts";
import { addSandboxCreate } from "./create.ts";
import { addSandboxDelete } from "./delete.ts";
import { addSandboxGet } from "./get.ts";
import { addSandboxList } from "./list.ts";
import { addSandboxRevoke } from "./revoke.ts";
import { addSandboxStart, addSandboxStop } from "./stop-start.ts";

export { identify, isoTime } from "./show.ts";

export function addSandbox(parent: Command, cli: Cli): void {
  const sandbox = parent.command("sandbox").description("make, show, stop, start and delete sandboxes");
  const commands = [
    addSandboxCreate,
    addSandboxList,
    addSandboxGet,
    addSandboxStop,
    addSandboxStart,
    addSandboxRevoke,
    addSandboxDelete,
  ];
  for (const add of commands) add(sandbox, cli);
}
