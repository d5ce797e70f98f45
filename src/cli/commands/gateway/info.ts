import { toJson } from "@bufbuild/protobuf";
import type { Command } from "commander";
import { GetGatewayInfoResponseSchema } from "../../../../gen/openshell/v1/openshell_pb.ts";
import type { Cli } from "../../cli.ts";
import { type Format, outputOption, record } from "../../output/index.ts";
import { serviceStatus } from "../status.ts";
import { wire } from "../wire.ts";

export function addGatewayInfo(parent: Command, cli: Cli): void {
  parent
    .command("info")
    .description("show the gateway's version and what it runs sandboxes on")
    .addOption(outputOption())
    .action(({ output }: { output: Format }) =>
      cli.withGateway(async ({ client, unary, target }) => {
        const info = await client.getGatewayInfo({}, unary);
        cli.print(output, toJson(GetGatewayInfoResponseSchema, info, wire), () =>
          record(
            [
              ["Gateway", target.name],
              ["Endpoint", target.endpoint.url],
              ["Status", serviceStatus(info.status)],
              ["Version", info.gatewayVersion],
              ...info.computeDrivers.map(
                ({ name, capabilities }) =>
                  ["Compute driver", [name, capabilities?.driverVersion].filter(Boolean).join(" ")] as const,
              ),
            ],
            cli.paint,
          ),
        );
      }),
    );
}
