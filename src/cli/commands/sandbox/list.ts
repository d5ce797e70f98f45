import { toJson } from "@bufbuild/protobuf";
import { type Command, Option } from "commander";
import { ListSandboxesResponseSchema } from "../../../../gen/openshell/v1/sandboxes_pb.ts";
import type { Cli } from "../../cli.ts";
import { type Format, outputOption, shortSpan, table } from "../../output/index.ts";
import { wholeNumber } from "../parsers.ts";
import { wire } from "../wire.ts";
import { phaseCell } from "./show.ts";

interface ListOptions {
  readonly limit: number;
  readonly offset: number;
  readonly ids?: boolean;
  readonly names?: boolean;
  readonly selector?: string;
  readonly allWorkspaces?: boolean;
  readonly output: Format;
}

const limitMost = 1000;

async function list(cli: Cli, options: ListOptions): Promise<void> {
  const { limit, offset, selector: labelSelector = "", allWorkspaces = false, output } = options;
  await cli.withGateway(async ({ client, unary, workspace }) => {
    const request = { limit, offset, labelSelector, workspace: allWorkspaces ? "" : workspace, allWorkspaces };
    const response = await client.listSandboxes(request, unary);
    const { sandboxes } = response;
    if (options.ids) for (const { metadata } of sandboxes) cli.line(metadata?.id ?? "");
    else if (options.names) for (const { metadata } of sandboxes) cli.line(metadata?.name ?? "");
    else {
      const now = cli.surroundings.clock.now();
      cli.print(output, toJson(ListSandboxesResponseSchema, response, wire), () =>
        table(
          [...(allWorkspaces ? ["WORKSPACE"] : []), "NAME", "PHASE", "AGE", "ID"],
          sandboxes.map(({ metadata, status }) => [
            ...(allWorkspaces ? [metadata?.workspace ?? ""] : []),
            metadata?.name ?? "",
            phaseCell(status?.phase ?? 0),
            shortSpan(now - Number(metadata?.createdAtMs ?? now)),
            metadata?.id ?? "",
          ]),
          cli.paint,
        ),
      );
    }
    if (sandboxes.length === limit) cli.tell(`note: there may be more; --offset ${offset + limit} goes on`);
  });
}

export function addSandboxList(parent: Command, cli: Cli): void {
  parent
    .command("list")
    .description("list sandboxes")
    .option("--limit <count>", "how many at most", wholeNumber(1, limitMost), 100)
    .option("--offset <count>", "how many to pass over", wholeNumber(0, 2 ** 31), 0)
    .addOption(new Option("--ids", "print ids alone, one a line").conflicts(["names", "output"]))
    .addOption(new Option("--names", "print names alone, one a line").conflicts("output"))
    .option("--selector <labels>", "those with these labels, such as team=red,stage=test")
    .option("--all-workspaces", "those of all workspaces")
    .addOption(outputOption())
    .action((options: ListOptions) => list(cli, options));
}
