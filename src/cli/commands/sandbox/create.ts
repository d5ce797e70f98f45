import { type JsonObject, toJson } from "@bufbuild/protobuf";
import { type Command, InvalidArgumentError, Option } from "commander";
import { SandboxSchema } from "../../../../gen/openshell/v1/sandboxes_pb.ts";
import type { Cli, Gateway } from "../../cli.ts";
import { type Format, outputOption, record } from "../../output/index.ts";
import { keyValue, wholeNumber } from "../parsers.ts";
import { wire } from "../wire.ts";
import { type CreateOptions, createRequest } from "./create-request.ts";
import { type Identified, identify, sandboxProperties } from "./show.ts";
import { provisionTimeoutMs, waitUntilReady } from "./wait.ts";

interface Options extends CreateOptions {
  readonly detach?: boolean;
  readonly approvalMode?: string;
  readonly output: Format;
}

function parseJsonObject(text: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as JsonObject;
  } catch (thrown) {
    throw new InvalidArgumentError(thrown instanceof Error ? thrown.message : "It is not JSON.");
  }
  throw new InvalidArgumentError("It is not a JSON object.");
}

async function setApprovalMode(
  { client, unary, workspace }: Gateway,
  { name }: Identified,
  mode: string,
): Promise<void> {
  const settingValue = { value: { case: "stringValue", value: mode } } as const;
  await client.updateConfig({ name, workspace, settingKey: "proposal_approval_mode", settingValue }, unary);
}

async function createSandbox(cli: Cli, command: string[], options: Options): Promise<void> {
  const { env, clock, signal } = cli.surroundings;
  const timeoutMs = provisionTimeoutMs(env["OPENSHELL_PROVISION_TIMEOUT"]);
  const request = createRequest(options, command, cli.workspace);
  await cli.withGateway(async (gateway) => {
    const { client, unary, target } = gateway;
    const created = identify((await client.createSandbox(request, unary)).sandbox);
    await cli.remember(created.name, target);
    const onProgress = (line: string) => cli.tell(`sandbox ${created.name}: ${line}`);
    // Said before anything else can fail, as the sandbox is there whatever comes now.
    if (!options.detach || options.approvalMode !== undefined) onProgress("made");
    if (options.approvalMode !== undefined) await setApprovalMode(gateway, created, options.approvalMode);
    const sandbox = options.detach
      ? created
      : await waitUntilReady({ gateway, sandbox: created, timeoutMs, clock, signal, onProgress });
    cli.print(options.output, toJson(SandboxSchema, sandbox.sandbox, wire), () =>
      record(sandboxProperties(sandbox), cli.paint),
    );
  });
}

export function addSandboxCreate(parent: Command, cli: Cli): void {
  parent
    .command("create")
    .description("make a sandbox and wait until it is ready")
    .usage("[options] [-- COMMAND...]")
    .argument("[command...]", "what to run in it, behind --")
    .option("--name <name>", "its name (default: the gateway makes one up)")
    .option("--from <image>", "the image to start from")
    .option("--cpu <amount>", "CPU limit, such as 2 or 500m")
    .option("--memory <amount>", "memory limit, such as 4Gi")
    .option("--gpu <count>", "GPUs to reserve", wholeNumber(1, 1024))
    .option("--driver-config-json <object>", "configuration for the compute driver", parseJsonObject)
    .option("--tty", "give the command a terminal")
    .option("--no-tty", "give the command no terminal")
    .option("--detach", "do not wait until it is ready")
    .option("--label <key=value>", "a label; may be repeated", keyValue)
    .option("--env <key=value>", "a variable of its environment; may be repeated", keyValue)
    .addOption(
      new Option("--approval-mode <mode>", "who decides on policy changes that it proposes").choices([
        "manual",
        "auto",
      ]),
    )
    .addOption(outputOption())
    .action((command: string[], options: Options, self: Command) => {
      if (command.length > 0 && !cli.separated) {
        self.error("error: a command goes behind --, and a name with --name", { exitCode: 2 });
      }
      return createSandbox(cli, command, options);
    });
}
