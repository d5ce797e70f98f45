import { toJson } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { Command } from "commander";
import { RevokeTokenFamilyResponseSchema } from "../../../../gen/openshell/identity/v1/identity_pb.ts";
import type { Cli } from "../../cli.ts";
import { Failure } from "../../failure.ts";
import { type Format, outputOption } from "../../output/index.ts";
import { wire } from "../wire.ts";
import { familyTable } from "./family-table.ts";

async function revoke(cli: Cli, familyId: string, output: Format): Promise<void> {
  await cli.withGateway(async ({ identity, unary }) => {
    const answer = await identity.revokeTokenFamily({ familyId }, unary).catch((thrown: unknown) => {
      if (!(thrown instanceof ConnectError) || thrown.code !== Code.NotFound) throw thrown;
      throw new Failure(`there is no token family ${familyId}`, {
        next: "see which there are with `openshell token list`",
      });
    });
    cli.print(output, toJson(RevokeTokenFamilyResponseSchema, answer, wire), () =>
      familyTable(answer.family ? [answer.family] : [], cli),
    );
  });
}

export function addTokenRevoke(parent: Command, cli: Cli): void {
  parent
    .command("revoke")
    .description("end one token family; a running sandbox gets a new one")
    .argument("<family-id>", "the family, as `openshell token list` shows it")
    .addOption(outputOption())
    .action((familyId: string, { output }: { output: Format }) => revoke(cli, familyId, output));
}
