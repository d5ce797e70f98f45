/** `openshell sandbox …`: making, showing and deleting sandboxes. */
import type { Command } from "commander";
import type { Cli } from "../../cli.ts";
import { addSandboxCreate } from "./create.ts";
import { addSandboxDelete } from "./delete.ts";
import { addSandboxGet } from "./get.ts";
import { addSandboxList } from "./list.ts";

export { identify, isoTime } from "./show.ts";

export function addSandbox(parent: Command, cli: Cli): void {
  const sandbox = parent.command("sandbox").description("make, show and delete sandboxes");
  for (const add of [addSandboxCreate, addSandboxList, addSandboxGet, addSandboxDelete]) add(sandbox, cli);
}
