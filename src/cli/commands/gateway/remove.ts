import type { Command } from "commander";
import type { Cli } from "../../cli.ts";
import { Failure, usageFailure } from "../../failure.ts";
import { parseGatewayName } from "../../target/index.ts";

async function remove(cli: Cli, given: string | undefined): Promise<void> {
  const chosen = given ?? (await cli.registry.active());
  if (chosen === undefined) throw usageFailure("name the gateway to remove: none is active");
  const name = parseGatewayName(chosen);
  if (!(await cli.registry.isOwn(name))) {
    const shared = (await cli.registry.names()).includes(name);
    throw new Failure(
      shared ? `gateway ${name} belongs to this machine, not to you` : `no gateway named ${name} is registered`,
      { next: shared ? "its administrator can remove it" : "see `openshell gateway list`" },
    );
  }
  await cli.registry.remove(name);
  cli.tell(`gateway ${name} and all that was stored for it here is removed; its sandboxes are not touched`);
}

export function addGatewayRemove(parent: Command, cli: Cli): void {
  parent
    .command("remove")
    .description("forget a gateway, and its login and certificates on this machine")
    .argument("[name]", "the gateway (default: the active one)")
    .action((name: string | undefined) => remove(cli, name));
}
