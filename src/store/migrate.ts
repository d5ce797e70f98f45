import { type Kysely, sql } from "kysely";
import { type Migration, Migrator } from "kysely/migration";
import type { Log } from "../core/log.ts";
import { migrations as allMigrations } from "./migrations/index.ts";

/**
 * Brings the schema up to date, or throws: where a migration fails, and where the database knows a migration that this
 * program does not. A newer program wrote it then, and an older one would misread it.
 */
export async function migrate<T>(
  db: Kysely<T>,
  log: Log,
  migrations: Readonly<Record<string, Migration>> = allMigrations,
): Promise<void> {
  const migrator = new Migrator({
    db,
    provider: { getMigrations: async () => ({ ...migrations }) },
    migrationTableName: "schema_migrations",
    migrationLockTableName: "schema_migrations_lock",
  });
  const unknown = (await executed(db)).filter((name) => !Object.hasOwn(migrations, name));
  if (unknown.length > 0) {
    throw new Error(
      `the database was written by a newer gateway: this one does not know its schema ${unknown.join(", ")}`,
    );
  }
  const { error, results = [] } = await migrator.migrateToLatest();
  for (const { migrationName, status } of results) log.info({ migration: migrationName, status }, "schema migration");
  if (error) throw new Error("the database could not be brought up to date", { cause: error });
}

/** The migrations that the database has, none where it is new. */
async function executed<T>(db: Kysely<T>): Promise<string[]> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true });
  if (!tables.some(({ name }) => name === "schema_migrations")) return [];
  const { rows } = await sql<{ name: string }>`select name from schema_migrations order by name`.execute(db);
  return rows.map(({ name }) => name);
}
