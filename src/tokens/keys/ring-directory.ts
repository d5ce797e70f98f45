import { readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import type { Secret } from "../../core/secret.ts";
import { contentOf, isRingFile, type RingFiles } from "./ring-files.ts";

/**
 * The link by which a set of files is exchanged in one step: `signing.pem -> ..data/signing.pem`, `..data -> ..<set>`.
 * This is how Kubernetes mounts a Secret, and how the `keys` commands write.
 */
export const currentSetName = "..data";

/** A name in the directory that is no link of ours into the current set. */
interface LooseFile {
  readonly name: string;
  readonly isLink: boolean;
}

export interface RingDirectory {
  readonly files: RingFiles;
  /** Files that lie in the directory itself. They come before those of the same name in the current set. */
  readonly loose: readonly LooseFile[];
  /** Names of the links into the current set that are there; of files that the set may not have any more, too. */
  readonly linked: readonly string[];
  /** The name of the current set's own directory; undefined where there is no set. */
  readonly currentSet: string | undefined;
}

/** A directory that is exchanged more often than this while it is read is not one that can be read. */
const attempts = 20;

/**
 * Reads a ring's directory as it was at one moment: where a set was exchanged meanwhile, it reads again. Loose files have
 * no such moment. A directory that is not there has no files.
 */
export async function readRingDirectory(directory: string): Promise<RingDirectory> {
  let problem: unknown;
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const currentSet = await linkAt(join(directory, currentSetName));
    try {
      const read = await readOnce(directory, currentSet);
      if ((await linkAt(join(directory, currentSetName))) === currentSet) return read;
    } catch (thrown) {
      // Gone between being listed and being read.
      if (codeOf(thrown) !== "ENOENT") throw thrown;
      problem = thrown;
    }
  }
  throw new Error("it changes all the time, or links lead nowhere", { cause: problem });
}

async function readOnce(directory: string, currentSet: string | undefined): Promise<RingDirectory> {
  const files = new Map<string, string | Secret>();
  const read = async (from: string, name: string) =>
    files.set(name, contentOf(name, await readFile(join(from, name), "utf8")));
  const loose: LooseFile[] = [];
  const linked: string[] = [];
  for (const entry of await entriesOf(directory)) {
    const { name } = entry;
    if (!isRingFile(name)) continue;
    const isLink = entry.isSymbolicLink();
    if (isLink && (await linkAt(join(directory, name))) === join(currentSetName, name)) linked.push(name);
    else loose.push({ name, isLink });
  }
  if (currentSet !== undefined) {
    const set = join(directory, currentSet);
    const shadowed = new Set(loose.map(({ name }) => name));
    const names = (await readdir(set)).filter((name) => isRingFile(name) && !shadowed.has(name));
    for (const name of names) await read(set, name);
  }
  for (const { name } of loose) await read(directory, name);
  return { files, loose, linked, currentSet };
}

async function entriesOf(directory: string) {
  try {
    return await readdir(directory, { withFileTypes: true });
  } catch (thrown) {
    if (codeOf(thrown) === "ENOENT") return [];
    throw thrown;
  }
}

/** What a link says; undefined where there is none. */
async function linkAt(path: string): Promise<string | undefined> {
  try {
    return await readlink(path);
  } catch (thrown) {
    const code = codeOf(thrown);
    if (code === "ENOENT" || code === "EINVAL" || code === "ENOTDIR") return undefined;
    throw thrown;
  }
}

const codeOf = (thrown: unknown): unknown => (thrown instanceof Error && "code" in thrown ? thrown.code : undefined);
