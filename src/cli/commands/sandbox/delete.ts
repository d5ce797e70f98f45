import { Code, ConnectError } from "@connectrpc/connect";
import type { Command } from "commander";
import type { Cli, Gateway } from "../../cli.ts";
import { explain } from "../../connection/index.ts";
import { Failure, usageFailure } from "../../failure.ts";

/** As many as one request for a list gives; a workspace with more is emptied by asking again. */
const page = 1000;

async function allNames({ client, unary, workspace }: Gateway): Promise<string[]> {
  const names: string[] = [];
  for (;;) {
    const { sandboxes } = await client.listSandboxes({ limit: page, offset: names.length, workspace }, unary);
    names.push(...sandboxes.flatMap(({ metadata }) => metadata?.name || []));
    if (sandboxes.length < page) return names;
  }
}

/** Deletes one; says why it could not, or nothing. */
async function deleteOne(cli: Cli, gateway: Gateway, name: string): Promise<Failure | undefined> {
  const { client, unary, workspace, target, where } = gateway;
  try {
    const { deleted } = await client.deleteSandbox({ name, workspace }, unary);
    if (!deleted) return notFound(name, workspace);
  } catch (thrown) {
    if (cli.surroundings.signal.aborted) throw thrown;
    if (thrown instanceof ConnectError && thrown.code === Code.NotFound) return notFound(name, workspace);
    const failure = explain(thrown, where);
    if (failure instanceof Failure) return failure;
    throw thrown;
  }
  cli.line(name);
  await cli.forget(name, target);
  return undefined;
}

const notFound = (name: string, workspace: string): Failure =>
  new Failure(`there is no sandbox ${name} in workspace ${workspace}`, {
    next: "see what is there with `openshell sandbox list` (--workspace names another workspace)",
  });

async function remove(cli: Cli, given: readonly string[], all: boolean): Promise<void> {
  if (all === given.length > 0) {
    throw usageFailure(all ? "name sandboxes or say --all, not both" : "name the sandboxes to delete, or say --all");
  }
  await cli.withGateway(async (gateway) => {
    const failures: Failure[] = [];
    const names = all ? await allNames(gateway) : new Set(given);
    for (const name of names) {
      const failure = await deleteOne(cli, gateway, name);
      if (failure) failures.push(failure);
    }
    const [first, ...others] = failures;
    for (const { message } of others) cli.tell(`error: ${message}`);
    if (first) throw first;
  });
}

export function addSandboxDelete(parent: Command, cli: Cli): void {
  parent
    .command("delete")
    .description("delete sandboxes; prints the name of each that was deleted")
    .argument("[name...]", "the sandboxes")
    .option("--all", "all sandboxes of the workspace")
    .action((names: string[], { all = false }: { all?: boolean }) => remove(cli, names, all));
}
