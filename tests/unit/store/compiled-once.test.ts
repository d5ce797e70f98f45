import { join } from "node:path";
import { Kysely } from "kysely";
import { afterEach, beforeEach, expect, test } from "vitest";
import { silentLog } from "../../../src/core/log.ts";
import { compiledOnce } from "../../../src/store/compiled-once.ts";
import type { Queries } from "../../../src/store/database.ts";
import { migrate } from "../../../src/store/migrate.ts";
import type { Tables } from "../../../src/store/schema/index.ts";
import { NodeSqliteDialect } from "../../../src/store/sqlite/dialect.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

let life: AsyncDisposableStack;
let db: Queries;
let built: number;
let colourOf: ReturnType<typeof settingQuery>;

const settingQuery = () =>
  compiledOnce<{ scope: string }, { value: string }>((queries, value) => {
    built += 1;
    return queries
      .selectFrom("config_settings")
      .select("value")
      .where("key", "=", "colour")
      .where("scope", "=", value("scope"));
  });

const rename = compiledOnce<{ from: string; to: string }, { value: string }>((queries, value) =>
  queries
    .updateTable("config_settings")
    .set({ value: value("to") })
    .where("value", "=", value("from"))
    .returning("value"),
);

async function open(): Promise<Queries> {
  const directory = life.use(temporaryDirectory());
  const opened = new Kysely<Tables>({ dialect: new NodeSqliteDialect(join(directory.path, "gateway.db")) });
  life.defer(() => opened.destroy());
  await migrate(opened, silentLog);
  const values = [
    { scope: "a", key: "colour", value: "red" },
    { scope: "b", key: "colour", value: "blue" },
    { scope: "a", key: "size", value: "large" },
  ];
  await opened.insertInto("config_settings").values(values).execute();
  return opened;
}

beforeEach(async () => {
  life = new AsyncDisposableStack();
  [built, colourOf] = [0, settingQuery()];
  db = await open();
});
afterEach(() => life.disposeAsync());

test("a query is built once, and each run gets what its own values ask for", async () => {
  const runs = ["a", "b", "c", "a"].map((scope) => colourOf(db, { scope }));
  expect(await Promise.all(runs)).toEqual([[{ value: "red" }], [{ value: "blue" }], [], [{ value: "red" }]]);
  expect(built).toBe(1);
});

test("another database has it built for itself", async () => {
  const other = await open();
  await rename(other, { from: "red", to: "green" });
  expect(await colourOf(db, { scope: "a" })).toEqual([{ value: "red" }]);
  expect(await colourOf(other, { scope: "a" })).toEqual([{ value: "green" }]);
  expect(built).toBe(2);
});

test("what it writes in a transaction goes with the transaction", async () => {
  const undone = db.transaction().execute(async (transaction) => {
    expect(await rename(transaction, { from: "red", to: "green" })).toEqual([{ value: "green" }]);
    throw new Error("undo");
  });
  await expect(undone).rejects.toThrow("undo");
  expect(await colourOf(db, { scope: "a" })).toEqual([{ value: "red" }]);
  expect(await rename(db, { from: "red", to: "green" })).toEqual([{ value: "green" }]);
});

test.each(["' or 1=1 --", "a' ; drop table config_settings; --", "?1"])("the value %j is a value", async (scope) => {
  expect(await colourOf(db, { scope })).toEqual([]);
  expect(await colourOf(db, { scope: "b" })).toEqual([{ value: "blue" }]);
});
