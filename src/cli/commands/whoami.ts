import { toJson } from "@bufbuild/protobuf";
import type { Command } from "commander";
import { GetCurrentUserResponseSchema } from "../../../gen/openshell/v1/openshell_pb.ts";
import type { Cli } from "../cli.ts";
import { type Format, outputOption, record } from "../output/index.ts";
import { wire } from "./wire.ts";

export function addWhoami(parent: Command, cli: Cli): void {
  parent
    .command("whoami")
    .description("show who the gateway takes you for")
    .addOption(outputOption())
    .action(({ output }: { output: Format }) =>
      cli.withGateway(async ({ client, unary }) => {
        const user = await client.getCurrentUser({}, unary);
        cli.print(output, toJson(GetCurrentUserResponseSchema, user, wire), () =>
          record(
            [
              ["Subject", user.subject],
              ["Name", user.displayName],
              ["Identity provider", user.identityProvider],
              ["Roles", user.roles.join(", ")],
              ["Scopes", user.scopes.join(", ")],
            ],
            cli.paint,
          ),
        );
      }),
    );
}
