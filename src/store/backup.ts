import { existsSync } from "node:fs";
import { link, rename } from "node:fs/promises";
import type { Clock } from "../core/clock.ts";
import type { DatabaseLocation } from "./open-store.ts";
import { claimFile } from "./sqlite/claim-file.ts";
import { copyDatabase } from "./sqlite/copy-database.ts";
import { demandOurs } from "./sqlite/demand-ours.ts";
import { setAside } from "./sqlite/set-aside.ts";

/**
 * Copies the database to a new file (0600) while the gateway serves, as it is at one moment; after a crash in the midst
 * of it there is no file of that name. @throws Error where the file is there already, where the database is none of a
 * gateway's, and for Postgres, which has tools of its own.
 */
export async function backup(database: DatabaseLocation, to: string): Promise<void> {
  const path = demandFile(database, "pg_dump --format=custom");
  demandOurs(path);
  if (existsSync(to)) throw new Error(`${to} exists already; a backup takes the place of nothing`);
  // Unlike a rename, a link fails where somebody has made the file meanwhile.
  await copyDatabase(path, to, (copy) => link(copy, to));
}

/**
 * Puts a backup in the database's place, and keeps what was there beside it. Resolves to the name under which it is kept,
 * undefined where there was nothing. Tokens that were refreshed since the backup was made are mended as after a crash.
 * @throws Error where a gateway uses the database, where the backup is not a whole database of a gateway or is of a newer
 * one, and for Postgres; nothing is changed then.
 */
export async function restore(database: DatabaseLocation, from: string, clock: Clock): Promise<string | undefined> {
  const path = demandFile(database, "pg_restore");
  using _claim = claimFile(path);
  demandOurs(from);
  let kept: string | undefined;
  await copyDatabase(from, path, async (copy) => {
    kept = await setAside(path, clock.now());
    await rename(copy, path);
  });
  return kept;
}

function demandFile(database: DatabaseLocation, tool: string): string {
  if (database.kind === "sqlite") return database.path;
  throw new Error(`this is for SQLite; for a database on Postgres use ${tool}, which works while gateways serve`);
}
