import { type Kysely, sql } from "kysely";
import type { Migration } from "kysely/migration";
import { isSqlite } from "../engine-differences.ts";

interface Recorded {
  readonly table: string;
  readonly event: "insert" | "update" | "delete";
  readonly kind: string;
  /** The column that names what changed. */
  readonly key: string;
  /** Which updates others must know; SQL that both databases understand. */
  readonly when?: string;
}

const family = { table: "token_families", kind: "family", key: "family_id" } as const;
const sandbox = { table: "sandboxes", kind: "sandbox", key: "id" } as const;
const config = { table: "config_scopes", kind: "config", key: "scope" } as const;

/**
 * What is recorded as a change. A family that is forgotten ran out long before, so nobody has to know. A policy's report
 * counts where it moves the version that is loaded.
 */
const recorded: readonly Recorded[] = [
  { ...family, event: "insert" },
  {
    ...family,
    event: "update",
    when: "old.generation <> new.generation or old.presented <> new.presented or (old.revoked_at is null) <> (new.revoked_at is null)",
  },
  { ...sandbox, event: "insert" },
  { ...sandbox, event: "update" },
  { ...sandbox, event: "delete" },
  { ...config, event: "insert" },
  { ...config, event: "update", when: "old.revision <> new.revision" },
  { ...config, event: "delete" },
  {
    ...{ table: "policy_revisions", kind: "config", key: "scope" },
    event: "update",
    when: "old.status <> new.status and 'loaded' in (old.status, new.status)",
  },
];

/**
 * The sequence of changes that replicas follow. Triggers write it, in the transaction of the change itself: no query can
 * forget it, and neither can an operator who revokes a family by hand.
 */
export const changes: Migration = {
  async up(db: Kysely<unknown>) {
    await (isSqlite(db) ? createSqliteTable(db) : createPostgresTable(db));
    await db.schema.createIndex("changes_age").on("changes").column("at").execute();
    for (const one of recorded) await (isSqlite(db) ? recordInSqlite(db, one) : recordInPostgres(db, one));
  },
};

async function createSqliteTable(db: Kysely<unknown>): Promise<void> {
  await sql`create table changes (
    seq integer primary key autoincrement,
    kind text not null,
    subject text not null,
    at bigint not null
  )`.execute(db);
}

/** `txid` is the writing transaction, by which a follower knows what it has not seen whatever the order of commits. */
async function createPostgresTable(db: Kysely<unknown>): Promise<void> {
  await sql`create table changes (
    seq bigint generated always as identity primary key,
    kind text not null,
    subject text not null,
    at bigint not null default floor(extract(epoch from clock_timestamp()) * 1000),
    txid xid8 not null default pg_current_xact_id()
  )`.execute(db);
  await db.schema.createIndex("changes_txid").on("changes").column("txid").execute();
}

const nameOf = ({ table, event }: Recorded) => `record_${table}_${event}`;

async function recordInSqlite(db: Kysely<unknown>, one: Recorded): Promise<void> {
  const row = one.event === "delete" ? "old" : "new";
  await sql`create trigger ${sql.raw(nameOf(one))} after ${sql.raw(one.event)} on ${sql.raw(one.table)}
    ${sql.raw(one.when === undefined ? "" : `when ${one.when}`)}
    begin
      insert into changes (kind, subject, at)
        values (${sql.lit(one.kind)}, ${sql.raw(`${row}.${one.key}`)}, cast(unixepoch('subsec') * 1000 as integer));
    end`.execute(db);
}

/** The function keeps the schema in which it was made, wherever the one who writes looks for tables. */
async function recordInPostgres(db: Kysely<unknown>, one: Recorded): Promise<void> {
  const name = sql.raw(nameOf(one));
  const row = one.event === "delete" ? "old" : "new";
  await sql`create function ${name}() returns trigger language plpgsql set search_path from current as $body$
    begin
      insert into changes (kind, subject) values (${sql.lit(one.kind)}, ${sql.raw(`${row}.${one.key}`)});
      return null;
    end
  $body$`.execute(db);
  await sql`create trigger ${name} after ${sql.raw(one.event)} on ${sql.raw(one.table)}
    for each row ${sql.raw(one.when === undefined ? "" : `when (${one.when})`)} execute function ${name}()`.execute(db);
}
