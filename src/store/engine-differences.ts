import { type Kysely, type RawBuilder, SqliteAdapter, sql } from "kysely";
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
 * Makes jobs that concern one thing wait for each other, until their transactions end, where no row that both touch does
 * it: two that begin a family would each not see the other's. SQLite has one writer at a time anyway.
 */
export async function takeTurns(db: Queries, thing: string): Promise<void> {
  if (!isSqlite(db)) await sql`select pg_advisory_xact_lock(hashtextextended(${thing}, 0))`.execute(db);
}

/** The database's clock, in milliseconds since the epoch; it moves on within a transaction. */
export function databaseNow(db: Queries): RawBuilder<number> {
  return isSqlite(db)
    ? sql`cast(unixepoch('subsec') * 1000 as integer)`
    : sql`floor(extract(epoch from clock_timestamp()) * 1000)::bigint`;
}

/**
 * Objects as a table with one column, `value`, whose members `->>` takes out. However many they are, they are one
 * parameter, and the statement is always the same.
 */
export function eachOf(db: Queries, objects: readonly object[]): RawBuilder<unknown> {
  const json = JSON.stringify(objects);
  return isSqlite(db) ? sql`json_each(${json})` : sql`json_array_elements(${json}::json)`;
}
