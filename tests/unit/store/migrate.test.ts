import { createHash } from "node:crypto";
import { join } from "node:path";
import { Kysely, sql } from "kysely";
import type { Migration } from "kysely/migration";
import { afterEach, beforeEach, expect, test } from "vitest";
import { silentLog } from "../../../src/core/log.ts";
import { migrate } from "../../../src/store/migrate.ts";
import { migrations } from "../../../src/store/migrations/index.ts";
import { NodeSqliteDialect } from "../../../src/store/sqlite/dialect.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

let directory: ReturnType<typeof temporaryDirectory>;
let db: Kysely<unknown>;

beforeEach(() => {
  directory = temporaryDirectory();
  db = new Kysely({ dialect: new NodeSqliteDialect(join(directory.path, "gateway.db")) });
});

afterEach(async () => {
  await db.destroy();
  directory[Symbol.dispose]();
});

async function tables(): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`select name from sqlite_master where type = 'table'`.execute(db);
  return rows.map(({ name }) => name).filter((name) => !name.startsWith("schema_migrations"));
}

const making = (table: string): Migration => ({
  up: (kysely) => kysely.schema.createTable(table).addColumn("id", "text").execute(),
});

test("a new database gets every migration, and a second start none", async () => {
  const said: object[] = [];
  const log = { ...silentLog, info: (fields: object) => void said.push(fields) };
  await migrate(db, log);
  expect(said).toHaveLength(Object.keys(migrations).length);
  await migrate(db, log);
  expect(said).toHaveLength(Object.keys(migrations).length);
});

test("a later program brings an older database up to date and keeps what is in it", async () => {
  await migrate(db, silentLog, { "0001-a": making("a") });
  await sql`insert into a values ('kept')`.execute(db);
  await migrate(db, silentLog, { "0001-a": making("a"), "0002-b": making("b") });
  expect(await tables()).toEqual(["a", "b"]);
  expect((await sql`select id from a`.execute(db)).rows).toMatchObject([{ id: "kept" }]);
});

test("a database that a newer program wrote is refused, by the name of what is not known, and left as it is", async () => {
  await migrate(db, silentLog, { "0001-a": making("a"), "0002-b": making("b") });
  const older = migrate(db, silentLog, { "0001-a": making("a") });
  await expect(older).rejects.toThrow("written by a newer gateway: this one does not know its schema 0002-b");
  expect(await tables()).toEqual(["a", "b"]);
});

test("a migration that fails half way leaves nothing of itself", async () => {
  const halfway: Migration = {
    async up(kysely) {
      await making("b").up(kysely);
      throw new Error("out of luck");
    },
  };
  const failing = migrate(db, silentLog, { "0001-a": making("a"), "0002-b": halfway });
  await expect(failing).rejects.toThrow("could not be brought up to date");
  expect(await tables()).toEqual([]);
  await migrate(db, silentLog, { "0001-a": making("a"), "0002-b": making("b") });
  expect(await tables()).toEqual(["a", "b"]);
});

test("a released migration is never edited: each writes exactly what it wrote then", async () => {
  const written: Record<string, string> = {};
  for (const [name, migration] of Object.entries(migrations)) {
    const own: string[] = [];
    const recording = new Kysely<unknown>({
      dialect: new NodeSqliteDialect(join(directory.path, `${name}.db`)),
      log: ({ query }) => void own.push(query.sql),
    });
    await migration.up(recording);
    await recording.destroy();
    written[name] = createHash("sha256").update(own.join("\n")).digest("hex").slice(0, 16);
  }
  expect(written).toEqual({
    "0001-foundation": "24eb5c3aa94b3518",
    "0002-policies": "e4a48e1ce5dec997",
  });
});
