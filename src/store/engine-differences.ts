import { type Kysely, type RawBuilder, SqliteAdapter, sql } from "kysely";
import type { SandboxId } from "../core/ids.ts";
import type { Queries } from "./database.ts";

/** Whether the queries run on SQLite. For the few things that the two databases do not say alike; all else is portable. */
export function isSqlite<T>(db: Kysely<T>): boolean {
  return db.getExecutor().adapter instanceof SqliteAdapter;
}

/** The column type for bytes. */
export function bytesType<T>(db: Kysely<T>): RawBuilder<unknown> {
  return isSqlite(db) ? sql`blob` : sql`bytea`;
}

/**
 * Makes jobs that concern one sandbox wait for each other, until their transactions end, where no row that both touch
 * does it: two that begin a family would each not see the other's. SQLite has one writer at a time anyway.
 */
export async function takeTurns(db: Queries, sandboxId: SandboxId): Promise<void> {
  if (!isSqlite(db)) await sql`select pg_advisory_xact_lock(hashtextextended(${sandboxId}, 0))`.execute(db);
}
