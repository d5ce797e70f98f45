import { mkdir, open, rename, rm, symlink } from "node:fs/promises";
import { Secret } from "../../core/secret.ts";

/** The steps that a change of the ring is made of. Between any two of them the machine may lose its power. */
export interface Disk {
  /** Makes a directory for its owner alone. */
  makeDirectory(path: string): Promise<void>;
  /** Writes a new file through to the disk: 0400 where it is a secret, else 0444. */
  write(path: string, content: string | Secret): Promise<void>;
  link(target: string, path: string): Promise<void>;
  /** Puts a file or link in place of another in one step. */
  rename(from: string, to: string): Promise<void>;
  /** Removes a file, or a directory and what is in it; a no-op where there is none. */
  remove(path: string): Promise<void>;
  /** Makes what was done in a directory durable. */
  sync(directory: string): Promise<void>;
}

export const disk: Disk = {
  makeDirectory: async (path) => void (await mkdir(path, { mode: 0o700 })),
  async write(path, content) {
    const [text, mode] = content instanceof Secret ? [content.reveal(), 0o400] : [content, 0o444];
    await using file = await open(path, "wx", mode);
    await file.writeFile(text);
    await file.sync();
  },
  link: (target, path) => symlink(target, path),
  rename: (from, to) => rename(from, to),
  remove: (path) => rm(path, { recursive: true, force: true }),
  async sync(directory) {
    await using handle = await open(directory);
    await handle.sync();
  },
};
