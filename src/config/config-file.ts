import { readFile } from "node:fs/promises";
import { parse, TomlError } from "smol-toml";
import type { z } from "zod";
import type { Problems } from "./config-error.ts";
import { fileSchema, gatewayPath } from "./file-schema.ts";
import { isKeyOfLater, notYet } from "./not-yet.ts";
import { optionNames, options } from "./options/index.ts";
import { shapeOf, shownKey } from "./shape.ts";

export interface ConfigFile {
  readonly path: string;
  /** What stands at an option's key. */
  valueAt(key: string): unknown;
}

/**
 * Reads a TOML file and checks its shape: no unknown key, every value of its kind. What is wrong goes to `problems`.
 * Resolves to undefined where the file is absent and need not be there, or cannot be used at all.
 */
export async function readConfigFile(
  path: string,
  required: boolean,
  problems: Problems,
): Promise<ConfigFile | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (thrown) {
    const code = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "unknown error";
    if (code !== "ENOENT" || required) problems.add(path, `the configuration file cannot be read: ${code}`);
    return undefined;
  }
  const content = parseToml(text, path, problems);
  if (content === undefined) return undefined;
  const checked = fileSchema.safeParse(content);
  for (const issue of checked.error?.issues ?? []) report(issue, content, path, problems);
  return { path, valueAt: (key) => at(content, [...gatewayPath, ...key.split(".")]) };
}

function parseToml(text: string, path: string, problems: Problems): unknown {
  try {
    return parse(text);
  } catch (thrown) {
    // The library's message quotes the line, and who knows what stands there.
    const where = thrown instanceof TomlError ? `${path}:${thrown.line}:${thrown.column}` : path;
    problems.add(where, "this is not TOML");
    return undefined;
  }
}

function report(issue: z.core.$ZodIssue, content: unknown, file: string, problems: Problems): void {
  const path = issue.path.map(String);
  if (issue.code === "unrecognized_keys") {
    for (const key of issue.keys) problems.add(`${shownPath([...path, key])} in ${file}`, unknownKey([...path, key]));
    return;
  }
  const { expected, secret } = expectation(path);
  problems.add(`${shownPath(path)} in ${file}`, `expected ${expected}, got ${shapeOf(at(content, path), { secret })}`);
}

const shownPath = (path: readonly string[]): string => path.map(shownKey).join(".");

function unknownKey(path: readonly string[]): string {
  if (path.at(-1) === "database_url")
    return "not in a file, as it can hold a password; use --db-url or OPENSHELL_DB_URL";
  return isKeyOfLater(path.join(".")) ? notYet : "unknown key";
}

function expectation(path: readonly string[]): { expected: string; secret: boolean } {
  const dotted = path.slice(gatewayPath.length).join(".");
  if (path.join(".") === "openshell.version") return { expected: "the number 1", secret: false };
  const name = optionNames.find((one) => options[one].key !== undefined && within(dotted, options[one].key));
  return name === undefined
    ? { expected: "a table", secret: false }
    : { expected: options[name].kind.expected, secret: options[name].secret };
}

/** An item of a list is expected to be what the list's option says. */
const within = (dotted: string, key: string): boolean => dotted === key || dotted.startsWith(`${key}.`);

function at(content: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (table, key) => (typeof table === "object" && table !== null ? (table as Record<string, unknown>)[key] : undefined),
    content,
  );
}
