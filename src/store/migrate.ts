import { type Kysely, sql } from "kysely";
import type { Migration } from "kysely/migration";
import type { Log } from "../core/log.ts";
import { isSqlite } from "./engine-differences.ts";
import { migrations as allMigrations } from "./migrations/index.ts";

/**
 * Brings the schema up to date; one that is so already is only looked at. Throws where a migration fails, and where the
 * database knows a migration that this program does not: a newer program wrote it then, and an older one would misread it.
 */
export async function migrate<T>(
  db: Kysely<T>,
  log: Log,
  migrations: Readonly<Record<string, Migration>> = allMigrations,
): Promise<void> {
  const names = await executed(db);
  demandKnown(names, migrations);
  if (names.length === Object.keys(migrations).length) return;
  const { Migrator } = await import("kysely/migration");
  const migrator = new Migrator({
    db,
    provider: { getMigrations: async () => ({ ...migrations }) },
    migrationTableName: "schema_migrations",
    migrationLockTableName: "schema_migrations_lock",
  });
  const { error, results = [] } = await migrator.migrateToLatest();
  for (const { migrationName, status } of results) log.info({ migration: migrationName, status }, "schema migration");
  if (!error) return;
  // A newer gateway may have been first while this one waited for its turn.
  demandKnown(await executed(db), migrations);
  throw new Error("the database could not be brought up to date", { cause: error });
}

/** @throws Error where there is a migration among them that this program does not know. */
export function demandKnown(names: readonly string[], migrations: Readonly<Record<string, unknown>> = allMigrations) {
  const unknown = names.filter((name) => !Object.hasOwn(migrations, name));
  if (unknown.length === 0) return;
  throw new Error(
    `the database was written by a newer gateway: this one does not know its schema ${unknown.join(", ")}`,
  );
}

/** The migrations that the database has, none where it is new. */
async function executed<T>(db: Kysely<T>): Promise<string[]> {
  const tables = isSqlite(db)
    ? await sql`select 1 from sqlite_master where name = 'schema_migrations'`.execute(db)
    : await sql`select 1 where to_regclass('schema_migrations') is not null`.execute(db);
  if (tables.rows.length === 0) return [];
  const { rows } = await sql<{ name: string }>`select name from schema_migrations order by name`.execute(db);
  return rows.map(({ name }) => name);
}
