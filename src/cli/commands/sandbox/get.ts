import { toJson } from "@bufbuild/protobuf";
import type { Command } from "commander";
import {
  GetSandboxConfigResponseSchema,
  type PolicySource,
  PolicySourceSchema,
} from "../../../../gen/openshell/sandbox/v1/config_pb.ts";
import { SandboxPolicySchema } from "../../../../gen/openshell/sandbox/v1/policy_pb.ts";
import { SandboxSchema } from "../../../../gen/openshell/v1/sandboxes_pb.ts";
import type { Cli } from "../../cli.ts";
import { type Format, outputOption, record, render } from "../../output/index.ts";
import { enumName, wire } from "../wire.ts";
import { identify, sandboxProperties } from "./show.ts";

interface GetOptions {
  readonly policyOnly?: boolean;
  readonly output: Format;
}

const sourceName = (source: PolicySource): string => enumName(PolicySourceSchema, source).toLowerCase();

async function get(cli: Cli, given: string | undefined, { policyOnly, output }: GetOptions): Promise<void> {
  const route = await cli.route();
  const name = await cli.sandboxName(given, route.target);
  await cli.withGateway(async ({ client, unary, workspace, target }) => {
    const found = identify((await client.getSandbox({ name, workspace }, unary)).sandbox);
    const config = await client.getSandboxConfig({ sandboxId: found.id }, unary);
    await cli.remember(found.name, target);
    if (policyOnly) {
      const policy = config.policy ? toJson(SandboxPolicySchema, config.policy) : null;
      if (policy === null) cli.tell(`note: sandbox ${found.name} has no policy yet`);
      // A policy is a tree, so that its plain form is YAML.
      cli.print(output, policy, () => (policy === null ? "" : render("yaml", policy, String)));
      return;
    }
    const data = {
      sandbox: toJson(SandboxSchema, found.sandbox, wire),
      config: toJson(GetSandboxConfigResponseSchema, config, wire),
    };
    cli.print(output, data, () =>
      record(
        [
          ...sandboxProperties(found),
          ["Policy version", String(config.version)],
          ["Policy hash", config.policyHash],
          ["Policy source", sourceName(config.policySource)],
          ["Config revision", String(config.configRevision)],
        ],
        cli.paint,
      ),
    );
  }, route);
}

export function addSandboxGet(parent: Command, cli: Cli): void {
  parent
    .command("get")
    .description("show a sandbox and the policy that is in force")
    .argument("[name]", "the sandbox (default: the one used last)")
    .option("--policy-only", "print the policy alone")
    .addOption(outputOption())
    .action((name: string | undefined, options: GetOptions) => get(cli, name, options));
}
