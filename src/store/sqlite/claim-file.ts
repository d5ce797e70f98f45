import { DatabaseSync } from "node:sqlite";
import { createPrivateFile } from "./private-file.ts";

/** SQLITE_BUSY. */
const busy = 5;

/**
 * Claims a database file for this process: one gateway, one file, because each keeps in memory what it read at its
 * start. The claim is an operating system's lock on `<path>.lock`, held through an open transaction, so it ends with the
 * process however that ends (`kill -9` too), and programs that only read or back up the database are not kept out.
 * Throws where another process, or this one, holds the claim.
 */
export function claimFile(path: string): Disposable {
  const lockPath = `${path}.lock`;
  createPrivateFile(lockPath);
  const lock = new DatabaseSync(lockPath);
  try {
    lock.exec("pragma journal_mode = memory; begin exclusive");
  } catch (cause) {
    lock.close();
    if (!(cause instanceof Error && "errcode" in cause && cause.errcode === busy)) throw cause;
    throw new Error(`another gateway uses the database ${path}; stop it, or give this one a database of its own`, {
      cause,
    });
  }
  return { [Symbol.dispose]: () => lock.close() };
}
