import { dirname, resolve } from "node:path";
import type { z } from "zod";
import { Problems } from "./config-error.ts";
import { type ConfigFile, readConfigFile } from "./config-file.ts";
import { type Environment, standardConfigFile } from "./directories.ts";
import { path as pathKind } from "./kind.ts";
import { notYet, variablesOfLater } from "./not-yet.ts";
import type { Option } from "./option.ts";
import { type OptionName, optionNames, options } from "./options/index.ts";
import type { Setting, Settings } from "./setting.ts";
import { shapeOf } from "./shape.ts";

/** What a command line said, by option. */
export type Flags = ReadonlyMap<OptionName, string | boolean | readonly string[]>;

export interface Sources {
  readonly flags: Flags;
  readonly environment: Environment;
}

export interface ReadSettings {
  readonly settings: Settings;
  /** The file that was read. */
  readonly file: string | undefined;
}

/** Hears all sources and lets the strongest decide: flag, environment, file, default (requirement G4). */
export async function readSettings(sources: Sources, problems: Problems): Promise<ReadSettings> {
  const named = decide("config", sources, undefined, problems).value;
  const path = typeof named === "string" ? named : standardConfigFile(sources.environment);
  const file = await readConfigFile(path, named !== undefined, problems);
  for (const variable of variablesOfLater) if (sources.environment[variable]) problems.add(variable, notYet);
  const entries = optionNames.map((name) => [name, decide(name, sources, file, problems)]);
  return { settings: Object.fromEntries(entries) as Settings, file: file?.path };
}

function decide(
  name: OptionName,
  { flags, environment }: Sources,
  file: ConfigFile | undefined,
  problems: Problems,
): Setting<unknown> {
  const option: Option<unknown> = options[name];
  const { flag, env, key, fallback } = option;
  const said: Setting<unknown>[] = [];
  const given = flags.get(name);
  if (flag !== undefined && given !== undefined) said.push({ where: flag, value: fromFlag(option, given) });
  // Whoever blanks a variable means that it should not count.
  const variable = env === undefined ? undefined : environment[env] || undefined;
  if (env !== undefined && variable !== undefined) said.push({ where: env, value: option.kind.fromText(variable) });
  const checked = said.map(({ where = name, value }) => check(option, where, value, ".", problems));
  const inFile = key === undefined ? undefined : file?.valueAt(key);
  if (key !== undefined && inFile !== undefined) {
    // The file's own check has told already what is wrong in it.
    const base = file === undefined ? "." : dirname(file.path);
    checked.push(check(option, `openshell.gateway.${key} in ${file?.path}`, inFile, base, new Problems()));
  }
  return checked[0] ?? { where: undefined, value: fallback };
}

function fromFlag({ kind }: Option<unknown>, given: string | boolean | readonly string[]): unknown {
  if (typeof given === "boolean") return given;
  return kind.fromText(typeof given === "string" ? given : given.join(","));
}

/** @param base where relative paths begin: at a file for those in it, else where the program was started */
function check(
  option: Option<unknown>,
  where: string,
  value: unknown,
  base: string,
  problems: Problems,
): Setting<unknown> {
  const { kind, secret, fallback } = option;
  const schema: z.ZodType = kind.schema;
  const checked = schema.safeParse(value);
  if (checked.success) {
    return { where, value: kind === pathKind ? resolve(base, String(checked.data)) : checked.data };
  }
  problems.add(where, `expected ${kind.expected}, got ${shapeOf(value, { secret })}`);
  return { where, value: fallback };
}
