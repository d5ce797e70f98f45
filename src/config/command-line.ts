import { Command, CommanderError, Option } from "commander";
import { addKeysCommand, type KeysPlan } from "./keys-command.ts";
import type { Option as Setting } from "./option.ts";
import { type OptionName, optionNames, options } from "./options/index.ts";
import type { Flags } from "./read-settings.ts";

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
  /** Help, the version, or what is wrong with the command line. */
  | { readonly command: "say"; readonly text: string; readonly to: "stdout" | "stderr"; readonly exitCode: number };

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
    const { exitCode } = thrown;
    return { command: "say", text: out.join(""), to: exitCode === 0 ? "stdout" : "stderr", exitCode };
  }
  return plan ?? { command: "say", text: program.helpInformation(), to: "stderr", exitCode: 1 };
}

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
  const flagged = optionNames.filter((name) => options[name].flag !== undefined);
  for (const name of flagged) for (const option of commandOptions(options[name])) serve.addOption(option);
  serve.action((given: Record<string, string | boolean | string[]>) => {
    decide({ command: "serve", flags: flagsOf(flagged, given) });
  });

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
  return program.addHelpText("after", () => `\n${serve.helpInformation()}`);
}

function commandOptions({ flag = "", alias, kind, env, otherwise, says }: Setting<unknown>): Option[] {
  const isList = Array.isArray(kind.fromText("a,b"));
  const value = kind.placeholder === undefined ? "" : ` <${kind.placeholder}>`;
  const make = (spelling: string) => {
    const option = new Option(
      `${spelling}${value}`,
      plain(`${says} [${[env, `default: ${otherwise}`].filter(Boolean).join("; ")}]`),
    );
    return isList ? option.argParser((one: string, before?: string[]) => [...(before ?? []), one]) : option;
  };
  const hidden = [alias, kind.placeholder === undefined ? flag.replace("--", "--no-") : undefined];
  return [
    make(flag),
    ...hidden.filter((spelling) => spelling !== undefined).map((spelling) => make(spelling).hideHelp()),
  ];
}

const plain = (markdown: string): string => markdown.replaceAll("`", "");

const camelCase = (flag: string): string =>
  flag.replace(/^--/, "").replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());

function flagsOf(names: readonly OptionName[], given: Record<string, string | boolean | string[]>): Flags {
  const flags = new Map<OptionName, string | boolean | string[]>();
  for (const name of names) {
    const { flag, alias } = options[name];
    const spellings = [flag, alias].filter((spelling) => spelling !== undefined).map(camelCase);
    const value = spellings.map((spelling) => given[spelling]).find((one) => one !== undefined);
    if (value !== undefined) flags.set(name, value);
  }
  return flags;
}
