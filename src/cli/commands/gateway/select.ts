import type { Command } from "commander";
import type { Cli } from "../../cli.ts";
import { Failure, usageFailure } from "../../failure.ts";
import { parseGatewayName } from "../../target/index.ts";

async function select(cli: Cli, given: string | undefined): Promise<void> {
  const names = await cli.registry.names();
  const choices = names.length
    ? `registered: ${names.join(", ")}`
    : "register one with `openshell gateway add ENDPOINT`";
  if (given === undefined) throw usageFailure("name the gateway to use from now on", choices);
  const name = parseGatewayName(given);
  const gateway = await cli.registry.find(name);
  if (!gateway) throw new Failure(`no gateway named ${name} is registered`, { next: choices });
  await cli.registry.activate(name);
  cli.tell(`gateway ${name} at ${gateway.endpoint.url} is active`);
  const { env } = cli.surroundings;
  const overriding = ["OPENSHELL_GATEWAY_ENDPOINT", "OPENSHELL_GATEWAY"].find((variable) => env[variable]);
  if (overriding) cli.tell(`note: ${overriding} is set and wins over it`);
}

export function addGatewaySelect(parent: Command, cli: Cli): void {
  parent
    .command("select")
    .description("choose the gateway that commands use where none is named")
    .argument("[name]", "the gateway")
    .action((name: string | undefined) => select(cli, name));
}
