import { type Command, Option } from "commander";
import type { Option as Setting } from "./option.ts";
import { type OptionName, options } from "./options/index.ts";
import type { Flags } from "./read-settings.ts";

/** What commander hands over: the flags that were given, in camel case. */
export type Given = Readonly<Record<string, string | boolean | string[]>>;

/** Lets a command take the flags of these options. Returns how to read them from what was given, by option. */
export function addFlags(command: Command, names: readonly OptionName[]): (given: Given) => Flags {
  const flagged = names.filter((name) => options[name].flag !== undefined);
  for (const name of flagged) for (const option of commandOptions(options[name])) command.addOption(option);
  return (given) => flagsOf(flagged, given);
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

function flagsOf(names: readonly OptionName[], given: Given): Flags {
  const flags = new Map<OptionName, string | boolean | string[]>();
  for (const name of names) {
    const { flag, alias } = options[name];
    const spellings = [flag, alias].filter((spelling) => spelling !== undefined).map(camelCase);
    const value = spellings.map((spelling) => given[spelling]).find((one) => one !== undefined);
    if (value !== undefined) flags.set(name, value);
  }
  return flags;
}
