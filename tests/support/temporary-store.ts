import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe } from "vitest";
import { type Log, silentLog } from "../../src/core/log.ts";
import { openStore, type Store } from "../../src/store/index.ts";
import { describePostgres, type Postgres, type TestDatabase, usePostgres } from "./postgres.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

/** A real store with a database of its own, gone when it is disposed. */
export interface TemporaryStore extends AsyncDisposable {
  readonly store: Store;
  /** What another program reads in the database, or writes to it. */
  query(text: string): Promise<Record<string, unknown>[]>;
}

/** A store in a file of its own. */
export async function temporaryStore(): Promise<TemporaryStore & { readonly path: string }> {
  const directory = temporaryDirectory();
  const path = join(directory.path, "gateway.db");
  const store = await openStore({ database: { kind: "sqlite", path }, log: silentLog });
  return {
    store,
    path,
    async query(text) {
      using database = new DatabaseSync(path);
      return database.prepare(text).all();
    },
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      directory[Symbol.dispose]();
    },
  };
}

/** Defines the same tests for each kind of database; `open` gives an empty store. */
export function onEachDatabase(
  name: string,
  define: (open: () => Promise<TemporaryStore>, kind: string) => void,
): void {
  describe(`${name}, in SQLite`, () => define(temporaryStore, "SQLite"));
  describePostgres(`${name}, in Postgres`, () => {
    const databases = databasesForTests();
    define(async () => {
      const shared = await databases().create();
      return {
        store: await shared.open(),
        query: (text) => shared.database.query(text),
        [Symbol.asyncDispose]: () => shared[Symbol.asyncDispose](),
      };
    }, "Postgres");
  });
}

/** Databases for the tests of the surrounding `describe`. */
export function databasesForTests(): () => SharedDatabases {
  let databases: SharedDatabases | undefined;
  beforeAll(async () => {
    databases = await sharedDatabases();
  });
  afterAll(() => databases?.[Symbol.asyncDispose]());
  return () => {
    if (!databases) throw new Error("no test runs");
    return databases;
  };
}

/** A database on Postgres with as many stores on it as a test wants; all is gone when it is disposed. */
export interface SharedDatabase extends AsyncDisposable {
  readonly database: TestDatabase;
  /** Opens one more store, as another replica would. */
  open(options?: { readonly log?: Log; readonly connections?: number }): Promise<Store>;
}

/** Databases on one engine. */
export interface SharedDatabases extends AsyncDisposable {
  readonly postgres: Postgres;
  create(): Promise<SharedDatabase>;
}

/** Those that have the schema and no rows, for whoever wants one next: to make one costs several times as much. */
const emptied: TestDatabase[] = [];

export async function sharedDatabases(postgres?: Postgres): Promise<SharedDatabases> {
  const life = new AsyncDisposableStack();
  const engine = postgres ?? life.use(await usePostgres());
  return {
    postgres: engine,
    create: async () =>
      sharedDatabase(engine.goesWithTheRun ? await lentDatabase(engine) : await engine.createDatabase()),
    [Symbol.asyncDispose]: () => life.disposeAsync(),
  };
}

async function lentDatabase(engine: Postgres): Promise<TestDatabase> {
  const database = emptied.pop() ?? (await engine.createDatabase());
  return {
    ...database,
    [Symbol.asyncDispose]: async () => {
      await empty(database);
      emptied.push(database);
    },
  };
}

/** Nobody is connected to it afterwards, its schema is what it was, nothing is set for it, and no row is left. */
async function empty(database: TestDatabase): Promise<void> {
  const others = "datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'";
  const patienceMs = 5_000;
  await database.query(`select pg_terminate_backend(pid, ${patienceMs}) from pg_stat_activity where ${others}`);
  const tables = await database.query<{ name: string }>(
    "select tablename as name from pg_tables where schemaname = 'public' and tablename not like 'schema_migrations%'",
  );
  await database.query(`alter database ${database.name} reset all`);
  if (tables.length > 0) await database.query(`truncate ${tables.map(({ name }) => name).join(", ")} restart identity`);
}

function sharedDatabase(database: TestDatabase): SharedDatabase {
  const life = new AsyncDisposableStack();
  life.use(database);
  return {
    database,
    open: async ({ log = silentLog, connections = 10 } = {}) =>
      life.use(await openStore({ database: { kind: "postgres", url: database.url, connections }, log })),
    [Symbol.asyncDispose]: () => life.disposeAsync(),
  };
}
