import { randomUUID } from "node:crypto";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Disk } from "./disk.ts";
import { currentSetName, type RingDirectory, readRingDirectory } from "./ring-directory.ts";
import type { RingFiles } from "./ring-files.ts";

const setPrefix = "..keys-";
const newLink = "..new";

/**
 * Makes these the directory's files, all in one step: a new set is written beside the current one, and one rename of the
 * link to it is the whole change. Whoever reads, and whoever comes after a crash, finds the files of before or those of
 * after. Loose files are first made a set of their own, which changes nothing that can be read.
 * Calls for one directory must not overlap.
 * @throws Error where the directory is somebody else's to change.
 */
export async function replaceFiles(directory: string, files: RingFiles, disk: Disk): Promise<void> {
  const before = await readRingDirectory(directory);
  refuseForeign(before);

  async function point(target: string, name: string): Promise<void> {
    const path = join(directory, newLink);
    await disk.remove(path);
    await disk.link(target, path);
    await disk.rename(path, join(directory, name));
  }
  async function exchange(contents: RingFiles): Promise<string> {
    const set = `${setPrefix}${randomUUID()}`;
    await disk.makeDirectory(join(directory, set));
    for (const [name, content] of contents) await disk.write(join(directory, set, name), content);
    await disk.sync(join(directory, set));
    await point(set, currentSetName);
    await disk.sync(directory);
    return set;
  }

  if (before.loose.length > 0) {
    await exchange(before.files);
    for (const { name } of before.loose) await point(join(currentSetName, name), name);
    await disk.sync(directory);
  }
  const set = await exchange(files);

  const linked = new Set([...before.linked, ...before.loose.map(({ name }) => name)]);
  for (const name of files.keys()) if (!linked.has(name)) await point(join(currentSetName, name), name);
  for (const name of linked) if (!files.has(name)) await disk.remove(join(directory, name));
  for (const name of await readdir(directory)) {
    if (name.startsWith(setPrefix) && name !== set) await disk.remove(join(directory, name));
  }
  await disk.sync(directory);
}

function refuseForeign({ loose, currentSet }: RingDirectory): void {
  if (currentSet !== undefined && !currentSet.startsWith(setPrefix)) {
    throw new Error("it is a mounted Secret or the like; change a copy, and write that back to where this comes from");
  }
  const link = loose.find(({ isLink }) => isLink);
  if (link) throw new Error(`${link.name}: a link; change the ring in the directory where the files really are`);
}
