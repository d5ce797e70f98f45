import { existsSync } from "node:fs";
import { rename } from "node:fs/promises";
import { DatabaseSync } from "node:sqlite";

/** What SQLite keeps beside a database that is in use. */
const companions = ["-wal", "-shm"];

/**
 * Moves a database that nobody uses to another name beside it, and resolves to that name; undefined where there is none.
 * Its write-ahead log never stays behind: SQLite could take it for that of the database which comes into its place.
 */
export async function setAside(path: string, at: number): Promise<string | undefined> {
  if (!existsSync(path)) return undefined;
  const kept = `${path}.replaced-${new Date(at).toISOString().replaceAll(":", "")}`;
  if (existsSync(kept)) throw new Error(`${kept} exists already`);
  finishLog(path);
  for (const companion of companions) {
    if (existsSync(path + companion)) await rename(path + companion, kept + companion);
  }
  await rename(path, kept);
  return kept;
}

/** Writes the log's content to the database, so that the file alone is whole. A damaged database keeps its log. */
function finishLog(path: string): void {
  try {
    using database = new DatabaseSync(path);
    database.exec("pragma wal_checkpoint(truncate)");
  } catch {
    // It is kept as it is: what replaces it was checked, and this may be why somebody restores.
    return;
  }
}
