import { randomUUID } from "node:crypto";
import { open, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { backup, DatabaseSync } from "node:sqlite";
import { busyTimeoutMs } from "./connection.ts";
import { createPrivateFile } from "./private-file.ts";

/** Pages that are copied at once: all, so that the copy is of one moment whoever writes meanwhile. */
const allPages = 2 ** 31 - 1;

/**
 * Copies a database, which may be in use, to a file beside `path`; `use` gets its name and moves it to its place. The copy
 * is on the disk by then, whole, readable for its owner alone; whatever `use` leaves of it is removed.
 */
export async function copyDatabase(from: string, path: string, use: (copy: string) => Promise<void>): Promise<void> {
  const copy = `${path}.${randomUUID()}.partial`;
  createPrivateFile(copy);
  try {
    const source = new DatabaseSync(from, { readOnly: true, timeout: busyTimeoutMs });
    try {
      await backup(source, copy, { rate: allPages });
    } finally {
      source.close();
    }
    await flush(copy);
    await use(copy);
    await flush(dirname(path));
  } finally {
    await rm(copy, { force: true });
    await rm(`${copy}-journal`, { force: true });
  }
}

/** Waits until a file, or a directory's entries, are on the disk. */
async function flush(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
