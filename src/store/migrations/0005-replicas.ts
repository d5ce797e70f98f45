import { type Kysely, sql } from "kysely";
import type { Migration } from "kysely/migration";
import { isSqlite } from "../engine-differences.ts";

/**
 * Which replicas live, which of them made a sandbox and which holds its session. Sandboxes of before have no replica.
 * Whoever looks for changes hears of sessions, but not of each renewal of a lease.
 */
export const replicas: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema.alterTable("sandboxes").addColumn("replica", "text").execute();
    await db.schema
      .alterTable("sandboxes")
      .addColumn("halted", "integer", (column) => column.notNull().defaultTo(0))
      .execute();

    await db.schema
      .createTable("replicas")
      .addColumn("id", "text", (column) => column.primaryKey())
      .addColumn("name", "text", (column) => column.notNull())
      .addColumn("url", "text", (column) => column.notNull())
      .addColumn("renewed_at", "bigint", (column) => column.notNull())
      .addUniqueConstraint("replicas_name", ["name"])
      .execute();

    await db.schema
      .createTable("sandbox_sessions")
      .addColumn("sandbox_id", "text", (column) => column.primaryKey())
      .addColumn("replica_id", "text", (column) => column.notNull())
      .addColumn("session_id", "text", (column) => column.notNull())
      .addColumn("instance_id", "text", (column) => column.notNull())
      .execute();
    await db.schema.createIndex("sandbox_sessions_replica").on("sandbox_sessions").column("replica_id").execute();

    await (isSqlite(db) ? recordSessionsInSqlite(db) : recordSessionsInPostgres(db));
  },
};

/** A session that is recorded a second time, because the first answer was lost, is no change. */
const isAnother =
  "old.replica_id <> new.replica_id or old.session_id <> new.session_id or old.instance_id <> new.instance_id";

const events = [
  { event: "insert", row: "new", when: undefined },
  { event: "update", row: "new", when: isAnother },
  { event: "delete", row: "old", when: undefined },
] as const;

async function recordSessionsInSqlite(db: Kysely<unknown>): Promise<void> {
  for (const { event, row, when } of events) {
    await sql`create trigger ${sql.raw(`record_sandbox_sessions_${event}`)} after ${sql.raw(event)} on sandbox_sessions
      ${sql.raw(when === undefined ? "" : `when ${when}`)}
      begin
        insert into changes (kind, subject, at)
          values ('session', ${sql.raw(`${row}.sandbox_id`)}, cast(unixepoch('subsec') * 1000 as integer));
      end`.execute(db);
  }
}

/** The functions keep the schema in which they were made, wherever the one who writes looks for tables. */
async function recordSessionsInPostgres(db: Kysely<unknown>): Promise<void> {
  for (const { event, row, when } of events) {
    const name = sql.raw(`record_sandbox_sessions_${event}`);
    await sql`create function ${name}() returns trigger language plpgsql set search_path from current as $body$
      begin
        insert into changes (kind, subject) values ('session', ${sql.raw(`${row}.sandbox_id`)});
        return null;
      end
    $body$`.execute(db);
    await sql`create trigger ${name} after ${sql.raw(event)} on sandbox_sessions
      for each row ${sql.raw(when === undefined ? "" : `when (${when})`)} execute function ${name}()`.execute(db);
  }
}
