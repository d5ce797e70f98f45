import { open } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** SQLITE_BUSY. */
const busy = 5;

/**
 * Keeps other changes of the ring away while this one is made. The claim is the operating system's lock on a file, held
 * through an open transaction, so it ends with the process however that ends.
 * @throws Error where somebody else holds it, or the directory cannot be written.
 */
export async function claimDirectory(directory: string): Promise<Disposable> {
  const path = join(directory, "..lock");
  await (await open(path, "a", 0o600)).close();
  const lock = new DatabaseSync(path);
  try {
    lock.exec("pragma journal_mode = memory; begin exclusive");
  } catch (cause) {
    lock.close();
    if (!(cause instanceof Error && "errcode" in cause && cause.errcode === busy)) throw cause;
    throw new Error("another `keys` command is changing the ring; nothing was changed, try again", { cause });
  }
  return { [Symbol.dispose]: () => lock.close() };
}
