import { toJson } from "@bufbuild/protobuf";
import type { Command } from "commander";
import { ListTokenFamiliesResponseSchema } from "../../../../gen/openshell/identity/v1/identity_pb.ts";
import type { Cli } from "../../cli.ts";
import { type Format, outputOption } from "../../output/index.ts";
import { wholeNumber } from "../parsers.ts";
import { wire } from "../wire.ts";
import { familyTable } from "./family-table.ts";

interface ListOptions {
  readonly limit: number;
  readonly offset: number;
  readonly allWorkspaces?: boolean;
  readonly output: Format;
}

const limitMost = 1000;

async function list(cli: Cli, sandbox: string, options: ListOptions): Promise<void> {
  const { limit, offset, allWorkspaces = false, output } = options;
  await cli.withGateway(async ({ identity, unary, workspace }) => {
    const answer = await identity.listTokenFamilies({ sandbox, workspace, allWorkspaces, limit, offset }, unary);
    cli.print(output, toJson(ListTokenFamiliesResponseSchema, answer, wire), () => familyTable(answer.families, cli));
    if (answer.families.length === limit) cli.tell(`note: there may be more; --offset ${offset + limit} goes on`);
  });
}

export function addTokenList(parent: Command, cli: Cli): void {
  parent
    .command("list")
    .description("list the token families of a sandbox, or of all; never a token")
    .argument("[name]", "the sandbox (default: all of the workspace)")
    .option("--limit <count>", "how many at most", wholeNumber(1, limitMost), 100)
    .option("--offset <count>", "how many to pass over", wholeNumber(0, 2 ** 31), 0)
    .option("--all-workspaces", "those of all workspaces, and of sandboxes that are gone")
    .addOption(outputOption())
    .action((name: string | undefined, options: ListOptions) => list(cli, name ?? "", options));
}
