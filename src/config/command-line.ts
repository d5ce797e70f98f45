import { Command, CommanderError, Option } from "commander";
import { addDatabaseCommands, type DatabasePlan } from "./database-commands.ts";
import { addFlags, type Given } from "./flag-options.ts";
import { addKeysCommand, type KeysPlan } from "./keys-command.ts";
import { optionNames } from "./options/index.ts";
import type { Flags } from "./read-settings.ts";
import { isFitToShow } from "./shape.ts";

/** What a command line of `openshell-gateway` asks for. */
export type Plan =
  | { readonly command: "serve"; readonly flags: Flags }
  | {
      readonly command: "generate-certs";
      /** Undefined means the directory where the gateway looks for keys and certificates. */
      readonly outputDir: string | undefined;
      readonly jwtOnly: boolean;
      readonly serverSans: readonly string[];
      readonly dryRun: boolean;
    }
  | KeysPlan
  | DatabasePlan
  /** Help, the version, or what is wrong with the command line. */
  | { readonly command: "say"; readonly text: string; readonly to: "stdout" | "stderr"; readonly exitCode: number };

/** The exit code where the command line or the configuration cannot be used. */
const misused = 2;
/** Of an argument that is quoted, in characters. */
const longestQuoted = 200;

/** @param argv without the program's own two */
export function parseCommandLine(argv: readonly string[], version: string): Plan {
  let plan: Plan | undefined;
  const out: string[] = [];
  const program = createProgram(version, (made) => {
    plan = made;
  });
  for (const command of withSubcommands(program)) {
    command.exitOverride().configureOutput({ writeOut: (text) => out.push(text), writeErr: (text) => out.push(text) });
  }
  try {
    program.parse([...argv], { from: "user" });
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) throw thrown;
    const text = argv.map(withoutPasswords).reduce(withShape, withoutPasswords(out.join("")));
    return thrown.exitCode === 0
      ? { command: "say", text, to: "stdout", exitCode: 0 }
      : { command: "say", text, to: "stderr", exitCode: misused };
  }
  return plan ?? { command: "say", text: program.helpInformation(), to: "stderr", exitCode: misused };
}

const hidden = "[secret]@";

/** What is wrong is quoted, and that may be a mistyped `--db-url=…`. */
const withoutPasswords = (text: string): string => text.replaceAll(/:\/\/\S*@/g, `://${hidden}`);

/** Or it may be anything else: what is not fit to show is told by its length, behind the name of its flag where it has one. */
function withShape(text: string, argument: string): string {
  if (isBrief(argument)) return text;
  const flag = /^--[a-z-]{1,48}=/.exec(argument)?.[0] ?? "";
  return text.replaceAll(argument, `${flag}(${argument.length - flag.length} characters)`);
}

const isBrief = (text: string): boolean => text.length <= longestQuoted && isFitToShow(text.replaceAll(hidden, ""));

const withSubcommands = (command: Command): Command[] => [command, ...command.commands.flatMap(withSubcommands)];

function createProgram(version: string, decide: (plan: Plan) => void): Command {
  const program = new Command("openshell-gateway")
    .description("Gives every agent sandbox its own identity. Serves where no command is named.")
    .version(version, "-V, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .showSuggestionAfterError();

  const serve = program
    .command("serve", { isDefault: true })
    .description("Serve. From the strongest: flag, environment variable, TOML file, default.")
    .allowExcessArguments(false);
  const flagsOf = addFlags(serve, optionNames);
  serve.action((given: Given) => decide({ command: "serve", flags: flagsOf(given) }));

  program
    .command("generate-certs")
    .description("Make a signing key and TLS certificates where there are none. Nothing is ever replaced.")
    .allowExcessArguments(false)
    .option("--output-dir <path>", "where to; without it, where the gateway looks for them")
    .option("--jwt-only", "no certificates", false)
    .addOption(
      new Option("--server-san <name>", "one more DNS name or IP address of the server; may be repeated")
        .argParser((name: string, before: string[]) => [...before, name])
        .default([], "none"),
    )
    .option("--dry-run", "say what would be made, and make nothing", false)
    .action(({ outputDir, jwtOnly, serverSan: serverSans, dryRun }) =>
      decide({ command: "generate-certs", outputDir, jwtOnly, serverSans, dryRun }),
    );
  addKeysCommand(program, decide);
  addDatabaseCommands(program, decide);
  return program.addHelpText("after", () => `\n${serve.helpInformation()}`);
}
