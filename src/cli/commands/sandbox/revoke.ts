import { toJson } from "@bufbuild/protobuf";
import type { Command } from "commander";
import { RevokeSandboxTokensResponseSchema } from "../../../../gen/openshell/identity/v1/identity_pb.ts";
import type { Cli } from "../../cli.ts";
import { type Format, outputOption } from "../../output/index.ts";
import { familyTable } from "../token/family-table.ts";
import { wire } from "../wire.ts";

interface RevokeOptions {
  readonly renew: boolean;
  readonly output: Format;
}

async function revoke(cli: Cli, name: string, { renew, output }: RevokeOptions): Promise<void> {
  await cli.withGateway(async ({ identity, unary, workspace }) => {
    const answer = await identity.revokeSandboxTokens({ sandbox: name, workspace, withhold: !renew }, unary);
    cli.print(output, toJson(RevokeSandboxTokensResponseSchema, answer, wire), () => familyTable(answer.families, cli));
    cli.tell(
      answer.renews
        ? `sandbox ${name}: its token was taken back, and it gets a new one`
        : `sandbox ${name}: its token was taken back; \`openshell sandbox start ${name}\` gives it a new one`,
    );
  });
}

export function addSandboxRevoke(parent: Command, cli: Cli): void {
  parent
    .command("revoke")
    .description("take a sandbox's token back; prints the token families that this ended (for administrators)")
    .argument("<name>", "the sandbox")
    .option("--no-renew", "give it no new token: what runs of it is cut off, and left running, until it is started")
    .addOption(outputOption())
    .action((name: string, options: RevokeOptions) => revoke(cli, name, options));
}
