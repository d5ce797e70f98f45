import { constants } from "node:fs";
import { type FileHandle, mkdir, open } from "node:fs/promises";
import { geteuid } from "node:process";

/** Makes the directory where it is absent, closed to everybody else. Rejects as {@link checkPrivateDirectory} does. */
export async function makePrivateDirectory(path: string, { parents = false } = {}): Promise<void> {
  try {
    await mkdir(path, { recursive: parents, mode: 0o700 });
  } catch (thrown) {
    if (!(thrown instanceof Error && "code" in thrown && thrown.code === "EEXIST")) throw thrown;
  }
  await using directory = await openDirectory(path);
  await closeToOthers(directory, path);
}

/**
 * Rejects where the path is not a directory but a link to one, or belongs to another user. One that others could
 * enter is closed to them.
 */
export async function checkPrivateDirectory(path: string): Promise<void> {
  await using directory = await openDirectory(path);
  await closeToOthers(directory, path);
}

/** Makes a rename in the directory durable. */
export async function syncDirectory(path: string): Promise<void> {
  await using directory = await openDirectory(path);
  await directory.sync();
}

const openDirectory = (path: string): Promise<FileHandle> =>
  open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);

async function closeToOthers(directory: FileHandle, path: string): Promise<void> {
  const { uid, mode } = await directory.stat();
  if (uid !== geteuid?.()) throw new Error(`${path} belongs to another user`);
  if ((mode & 0o077) !== 0) await directory.chmod(0o700);
}
