import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { AsyncDisposableStack } from "../../core/disposable-stacks.ts";
import { Failure } from "../failure.ts";

const codeOf = (thrown: unknown): unknown => (thrown instanceof Error && "code" in thrown ? thrown.code : undefined);

async function unlessAbsent<T>(path: string, reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (thrown) {
    const code = codeOf(thrown);
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new Failure(`cannot read ${path}: ${String(code)}`, { cause: thrown });
  }
}

/** The file's text, or undefined where there is none. @throws Failure where it is there and cannot be read. */
export const readIfPresent = (path: string): Promise<string | undefined> => unlessAbsent(path, readFile(path, "utf8"));

/** The names in a directory; none where it is absent. @throws Failure where it is there and cannot be read. */
export const namesIn = async (path: string): Promise<string[]> => (await unlessAbsent(path, readdir(path))) ?? [];

/** Replaces the file in one step, so that a reader sees the old text or the new. Files are 0600, directories 0700. */
export async function writeAtomically(path: string, text: string): Promise<void> {
  const temporary = `${path}.${randomUUID()}`;
  await using cleanup = new AsyncDisposableStack();
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    cleanup.defer(() => rm(temporary, { force: true }));
    await writeFile(temporary, text, { mode: 0o600, flag: "wx", flush: true });
    await rename(temporary, path);
  } catch (thrown) {
    throw new Failure(`cannot write ${path}: ${String(codeOf(thrown))}`, { cause: thrown });
  }
}
