import type { Command } from "commander";
import type { Cli } from "../../cli.ts";
import { type Format, outputOption, table } from "../../output/index.ts";

export function addGatewayList(parent: Command, cli: Cli): void {
  parent
    .command("list")
    .description("list the gateways that are registered")
    .addOption(outputOption())
    .action(async ({ output }: { output: Format }) => {
      const gateways = await cli.registry.list((broken) => cli.tell(`warning: ${broken.message}`));
      const active = await cli.registry.active();
      const data = gateways.map(({ name, endpoint, authMode, owner }) => ({
        name,
        active: name === active,
        endpoint: endpoint.url,
        auth_mode: authMode,
        owner,
      }));
      cli.print(output, data, () =>
        table(
          ["ACTIVE", "NAME", "ENDPOINT", "AUTH", "REGISTERED BY"],
          data.map((row) => [
            row.active ? { text: "*", colour: "green" } : "",
            row.name,
            row.endpoint,
            row.auth_mode,
            row.owner,
          ]),
          cli.paint,
        ),
      );
    });
}
