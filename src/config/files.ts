import { constants } from "node:fs";
import { access } from "node:fs/promises";
import type { Problems } from "./config-error.ts";
import type { Setting } from "./setting.ts";

/** Which of the files cannot be read. */
export async function unreadable(paths: readonly string[]): Promise<string[]> {
  const codes = await Promise.all(paths.map(problemOf));
  return paths.filter((_path, at) => codes[at] !== undefined);
}

/** The path that a setting names, if the file can be read; else a problem. */
export async function readableFile(
  { value, where }: Setting<string | undefined>,
  problems: Problems,
): Promise<string | undefined> {
  if (value === undefined || where === undefined) return value;
  const code = await problemOf(value);
  if (code !== undefined) problems.add(where, `expected a file that can be read, got ${code} for ${value}`);
  return value;
}

async function problemOf(path: string): Promise<string | undefined> {
  try {
    await access(path, constants.R_OK);
    return undefined;
  } catch (thrown) {
    return thrown instanceof Error && "code" in thrown ? String(thrown.code) : "an error";
  }
}
