import { createHash } from "node:crypto";
import { join } from "node:path";
import { Kysely, PostgresDialect, sql } from "kysely";
import type { Migration } from "kysely/migration";
import pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { silentLog } from "../../../src/core/log.ts";
import { isSqlite } from "../../../src/store/engine-differences.ts";
import { openStore } from "../../../src/store/index.ts";
import { migrate } from "../../../src/store/migrate.ts";
import { migrations } from "../../../src/store/migrations/index.ts";
import { NodeSqliteDialect } from "../../../src/store/sqlite/dialect.ts";
import { describePostgres, type Postgres, usePostgres } from "../../support/postgres.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

type Watch = (sql: string) => void;

/** An empty database; `watch` sees every query. */
interface EmptyDatabase extends AsyncDisposable {
  open(watch?: Watch): Kysely<unknown>;
}

function emptyFile(): EmptyDatabase {
  const directory = temporaryDirectory();
  return {
    open: (watch) =>
      new Kysely({
        dialect: new NodeSqliteDialect(join(directory.path, "gateway.db")),
        log: ({ query }) => watch?.(query.sql),
      }),
    [Symbol.asyncDispose]: async () => directory[Symbol.dispose](),
  };
}

async function emptyPostgres(postgres: Postgres): Promise<EmptyDatabase> {
  const database = await postgres.createDatabase();
  const connectionString = database.url.reveal();
  return {
    open: (watch) =>
      new Kysely({
        dialect: new PostgresDialect({ pool: openPool(connectionString) }),
        log: ({ query }) => watch?.(query.sql),
      }),
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}

/** A pool that has ended may still have connections that end, and the database is dropped under them. */
const openPool = (connectionString: string): pg.Pool => new pg.Pool({ connectionString }).on("error", () => undefined);

const making = (table: string): Migration => ({
  up: (kysely) => kysely.schema.createTable(table).addColumn("id", "text").execute(),
});

describe("in SQLite", () =>
  migrationTests(async () => emptyFile(), {
    "0001-foundation": "24eb5c3aa94b3518",
    "0002-policies": "e4a48e1ce5dec997",
    "0003-one-live-family": "072f3ec55dc59758",
    "0004-changes": "960c26cff531facd",
    "0005-replicas": "0811f569da36b99a",
  }));

describePostgres("in Postgres", () => {
  let postgres: Postgres;
  beforeAll(async () => {
    postgres = await usePostgres();
  });
  afterAll(() => postgres[Symbol.asyncDispose]());

  migrationTests(() => emptyPostgres(postgres), {
    "0001-foundation": "d7ca38ca8c07fe8d",
    "0002-policies": "e4a48e1ce5dec997",
    "0003-one-live-family": "072f3ec55dc59758",
    "0004-changes": "6ff6e98ceaa94dd1",
    "0005-replicas": "9a57f56f08b369a7",
  });

  test("replicas that start at the same time on a new database all open it, and it is migrated once", async () => {
    await using database = await postgres.createDatabase();
    const said: object[] = [];
    const log = { ...silentLog, info: (fields: object) => void said.push(fields) };
    const stores = await Promise.all(
      Array.from({ length: 8 }, () => openStore({ database: { kind: "postgres", url: database.url }, log })),
    );
    await Promise.all(stores.map((store) => store.policies.load()));
    for (const store of stores) await store[Symbol.asyncDispose]();
    expect(said).toHaveLength(Object.keys(migrations).length);
  });

  test("a replica waits for a migration that another is at, however long that takes", async () => {
    await using database = await emptyPostgres(postgres);
    const [first, second] = [database.open(), database.open()];
    const { promise: isHeld, resolve: release } = Promise.withResolvers<void>();
    const { promise: began, resolve: begin } = Promise.withResolvers<void>();
    const slow: Migration = {
      async up(kysely) {
        begin();
        await isHeld;
        await making("a").up(kysely);
      },
    };
    const migrating = migrate(first, silentLog, { "0001-a": slow });
    await began;
    let isDone = false;
    const waiting = migrate(second, silentLog, { "0001-a": making("a") }).then(() => {
      isDone = true;
    });
    const waiters = sql`select 1 from pg_stat_activity where wait_event = 'advisory' and datname = current_database()`;
    await expect.poll(async () => (await waiters.execute(first)).rows).toHaveLength(1);
    expect(isDone).toBe(false);
    release();
    await Promise.all([migrating, waiting]);
    await Promise.all([first.destroy(), second.destroy()]);
  });

  test("a replica that waited for a newer program's migration refuses the schema that it finds", async () => {
    await using database = await emptyPostgres(postgres);
    const [newer, older] = [database.open(), database.open()];
    const { promise: isHeld, resolve: release } = Promise.withResolvers<void>();
    const { promise: began, resolve: begin } = Promise.withResolvers<void>();
    const slow: Migration = {
      async up(kysely) {
        begin();
        await isHeld;
        await making("b").up(kysely);
      },
    };
    const migrating = migrate(newer, silentLog, { "0001-a": making("a"), "0002-b": slow });
    await began;
    const refused = expect(migrate(older, silentLog, { "0001-a": making("a") })).rejects.toThrow(
      "written by a newer gateway: this one does not know its schema 0002-b",
    );
    const waiters = sql`select 1 from pg_stat_activity where wait_event = 'advisory' and datname = current_database()`;
    await expect.poll(async () => (await waiters.execute(newer)).rows).toHaveLength(1);
    release();
    await migrating;
    await refused;
    await Promise.all([newer.destroy(), older.destroy()]);
  });
});

function migrationTests(make: () => Promise<EmptyDatabase>, checksums: Readonly<Record<string, string>>): void {
  let empty: EmptyDatabase;
  let db: Kysely<unknown>;
  beforeEach(async () => {
    empty = await make();
    db = empty.open();
  });
  afterEach(async () => {
    await db.destroy();
    await empty[Symbol.asyncDispose]();
  });

  async function tables(): Promise<string[]> {
    const found = await db.introspection.getTables();
    return found.map(({ name }) => name).filter((name) => !name.startsWith("schema_migrations"));
  }

  test("a new database gets every migration, and a second start none", async () => {
    const said: object[] = [];
    const log = { ...silentLog, info: (fields: object) => void said.push(fields) };
    await migrate(db, log);
    expect(said).toHaveLength(Object.keys(migrations).length);
    await migrate(db, log);
    expect(said).toHaveLength(Object.keys(migrations).length);
  });

  test("a database that is up to date is only read", async () => {
    await migrate(db, silentLog);
    const asked: string[] = [];
    const watched = empty.open((text) => void asked.push(text));
    await migrate(watched, silentLog);
    await watched.destroy();
    expect(asked).not.toEqual([]);
    expect(asked.filter((text) => !text.startsWith("select "))).toEqual([]);
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

  test("a sandbox of before there were replicas is kept: nobody's own, and not halted", async () => {
    const { "0005-replicas": _later, ...before } = migrations;
    await migrate(db, silentLog, before);
    const bytes = isSqlite(db) ? sql`x'00'` : sql`'\\x00'::bytea`;
    await sql`insert into sandboxes (id, workspace, name, spec, labels, annotations, created_at, resource_version, desired)
      values ('one', 'default', 'one', ${bytes}, '{}', '{}', 1, 7, 'stopped')`.execute(db);
    await migrate(db, silentLog);
    const { rows } = await sql`select id, desired, replica, halted, resource_version from sandboxes`.execute(db);
    expect(rows.map((row) => JSON.stringify(row).replaceAll('"7"', "7"))).toEqual([
      JSON.stringify({ id: "one", desired: "stopped", replica: null, halted: 0, resource_version: 7 }),
    ]);
  });

  test("a released migration is never edited: each writes exactly what it wrote then", async () => {
    const written: Record<string, string> = {};
    let own: string[] = [];
    const recording = empty.open((text) => void own.push(text));
    for (const [name, migration] of Object.entries(migrations)) {
      own = [];
      await migration.up(recording);
      written[name] = createHash("sha256").update(own.join("\n")).digest("hex").slice(0, 16);
    }
    await recording.destroy();
    expect(written).toEqual(checksums);
  });
}
