import { mkdir, mkdtemp, open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Secret } from "../../core/secret.ts";

/** What goes into a file; private keys are secrets, and only their owner may read the file. */
export type Contents = ReadonlyMap<string, string | Secret>;

/**
 * Writes files below the directory, all or none: they are made aside, forced to the disk, and then put in place by their
 * first path segment, so that a set in one folder appears in one step. Never replaces anything but an empty folder.
 * Directories are 0700, private keys 0400, all else 0444.
 */
export async function writeSet(directory: string, contents: Contents): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const aside = await mkdtemp(join(directory, ".generate-certs-"));
  const placed: string[] = [];
  try {
    for (const [path, content] of contents) await writeDurably(join(aside, path), content);
    for (const entry of new Set([...contents.keys()].map(firstSegment))) {
      await placeNew(join(aside, entry), join(directory, entry));
      placed.push(entry);
    }
    await sync(directory);
  } catch (cause) {
    await Promise.all(placed.map((entry) => rm(join(directory, entry), { recursive: true, force: true })));
    throw cause;
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}

const firstSegment = (path: string): string => path.split("/", 1)[0] ?? path;

async function writeDurably(path: string, content: string | Secret): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const [text, mode] = content instanceof Secret ? [content.reveal(), 0o400] : [content, 0o444];
  await using file = await open(path, "wx", mode);
  await file.writeFile(text);
  await file.sync();
}

/** A rename refuses a folder that holds something, but not a file; so a file's place is claimed first. */
async function placeNew(from: string, to: string): Promise<void> {
  await using entry = await open(from);
  await entry.sync();
  if ((await entry.stat()).isFile()) await (await open(to, "wx")).close();
  await rename(from, to);
}

async function sync(directory: string): Promise<void> {
  await using handle = await open(directory);
  await handle.sync();
}
