import type { Command } from "commander";
import type { SandboxResponse } from "../../../../gen/openshell/v1/sandboxes_pb.ts";
import type { Cli, Gateway } from "../../cli.ts";
import { identify } from "./show.ts";
import { provisionTimeoutMs, waitUntilReady, waitUntilStopped } from "./wait.ts";

/** A command that asks for a change of a sandbox's phase and waits for it. */
interface Change {
  readonly name: "stop" | "start";
  readonly description: string;
  ask(gateway: Gateway, name: string): Promise<SandboxResponse>;
  readonly wait: typeof waitUntilReady;
}

const stop: Change = {
  name: "stop",
  description: "stop a sandbox and end its tokens; prints its name when it has stopped",
  ask: ({ client, unary, workspace }, name) => client.stopSandbox({ name, workspace }, unary),
  wait: waitUntilStopped,
};

const start: Change = {
  name: "start",
  description: "start a stopped sandbox, with a new token; prints its name when it is ready",
  ask: ({ client, unary, workspace }, name) => client.startSandbox({ name, workspace }, unary),
  wait: waitUntilReady,
};

async function change(cli: Cli, { ask, wait }: Change, given: string | undefined): Promise<void> {
  const { env, clock, signal } = cli.surroundings;
  const timeoutMs = provisionTimeoutMs(env["OPENSHELL_PROVISION_TIMEOUT"]);
  const route = await cli.route();
  const name = await cli.sandboxName(given, route.target);
  await cli.withGateway(async (gateway) => {
    const sandbox = identify((await ask(gateway, name)).sandbox);
    await cli.remember(sandbox.name, gateway.target);
    const onProgress = (line: string) => cli.tell(`sandbox ${sandbox.name}: ${line}`);
    await wait({ gateway, sandbox, timeoutMs, clock, signal, onProgress });
    cli.line(sandbox.name);
  }, route);
}

const adding =
  (wanted: Change) =>
  (parent: Command, cli: Cli): void => {
    parent
      .command(wanted.name)
      .description(wanted.description)
      .argument("[name]", "the sandbox (default: the one used last)")
      .action((name: string | undefined) => change(cli, wanted, name));
  };

export const addSandboxStop = adding(stop);
export const addSandboxStart = adding(start);
