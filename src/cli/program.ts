import { Command } from "commander";
import type { Cli } from "./cli.ts";
import { addCompletions } from "./commands/completions.ts";
import { addGateway } from "./commands/gateway/index.ts";
import { addLogs } from "./commands/logs.ts";
import { addSandbox } from "./commands/sandbox/index.ts";
import { addStatus } from "./commands/status.ts";
import { addToken } from "./commands/token/index.ts";
import { addWhoami } from "./commands/whoami.ts";
import type { Surroundings } from "./surroundings.ts";

const after = `
Environment:
  OPENSHELL_GATEWAY_ENDPOINT, OPENSHELL_GATEWAY, OPENSHELL_GATEWAY_INSECURE, OPENSHELL_WORKSPACE
                               as the options of the same names
  OPENSHELL_PROVISION_TIMEOUT  seconds that \`sandbox create\`, \`start\` and \`stop\` wait (300)
  OPENSHELL_LOCAL_TLS_DIR      where \`gateway add --local\` finds certificates
  OPENSHELL_SYSTEM_GATEWAY_DIR gateways that this machine's administrator registered (/etc/openshell)

Exit codes: 0 done, 1 failed, 2 wrong usage, 124 out of time, 130 interrupted`;

/** The empty program with its global options; {@link addCommands} fills it. */
export function createProgram(version: string, { stdout, stderr }: Pick<Surroundings, "stdout" | "stderr">): Command {
  return new Command("openshell")
    .description("Make, watch and delete agent sandboxes at an OpenShell gateway.")
    .version(version, "--version", "print the version")
    .option("-g, --gateway <name>", "the registered gateway to use (default: the active one)")
    .option("--gateway-endpoint <url>", "the gateway's address; goes before --gateway")
    .option("--gateway-insecure", "do not check the gateway's certificate")
    .option("--workspace <name>", "the workspace (default: default)")
    .option("-v, --verbose", "say more on stderr")
    .helpCommand(false)
    .addHelpText("after", after)
    .showHelpAfterError("(--help shows what there is)")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void stdout.write(text),
      writeErr: (text) => void stderr.write(text),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    });
}

/** Gives the program its commands. */
export function addCommands(program: Command, cli: Cli): void {
  for (const add of [addStatus, addWhoami, addGateway, addSandbox, addToken, addLogs, addCompletions])
    add(program, cli);
}
