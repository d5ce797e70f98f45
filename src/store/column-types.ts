import { type Kysely, type RawBuilder, SqliteAdapter, sql } from "kysely";

/** The column type for bytes: the one portable type that the databases do not name alike. */
export function bytesType<T>(db: Kysely<T>): RawBuilder<unknown> {
  return db.getExecutor().adapter instanceof SqliteAdapter ? sql`blob` : sql`bytea`;
}
