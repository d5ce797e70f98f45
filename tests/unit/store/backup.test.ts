import { once } from "node:events";
import { closeSync, openSync, readdirSync, readFileSync, statSync, writeFileSync, writeSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Worker } from "node:worker_threads";
import { expect, onTestFinished, test } from "vitest";
import { systemClock } from "../../../src/core/clock.ts";
import { silentLog } from "../../../src/core/log.ts";
import { Secret } from "../../../src/core/secret.ts";
import { backup, openStore, restore, type Store } from "../../../src/store/index.ts";
import { beginFamily } from "../../contract/families.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

/** Locks the database against readers for 300 ms. */
const holdForAMoment = `
  const { parentPort, workerData } = require("node:worker_threads");
  const { DatabaseSync } = require("node:sqlite");
  const database = new DatabaseSync(workerData);
  database.exec("pragma locking_mode = exclusive; begin exclusive; update sandboxes set halted = 0; commit");
  parentPort.postMessage("locked");
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
  database.close();
`;

function files() {
  const directory = temporaryDirectory();
  onTestFinished(() => directory[Symbol.dispose]());
  const path = join(directory.path, "gateway.db");
  return { database: { kind: "sqlite", path } as const, path, to: join(directory.path, "backup.db") };
}

async function opened(database: { readonly kind: "sqlite"; readonly path: string }): Promise<Store> {
  const store = await openStore({ database, log: silentLog });
  onTestFinished(() => store[Symbol.asyncDispose]());
  return store;
}

const idsOf = async (store: Store) => (await store.families.load(0)).map(({ familyId }) => familyId).sort();

/** Opens, reads and closes. */
async function idsIn(path: string) {
  await using store = await openStore({ database: { kind: "sqlite", path }, log: silentLog });
  return idsOf(store);
}

async function begin(store: Store): Promise<string> {
  return (await beginFamily(store)).familyId;
}

test("a backup of a store that is in use holds what was committed, in one file that its owner alone can read", async () => {
  const { database, to } = files();
  const store = await opened(database);
  const id = await begin(store);
  await backup(database, to);
  await begin(store);
  expect(statSync(to).mode & 0o777).toBe(0o600);
  expect(readdirSync(dirname(to)).filter((name) => name.startsWith(basename(to)))).toEqual([basename(to)]);
  expect(await idsIn(to)).toEqual([id]);
});

test("a backup made while the store is written to is of one moment", async () => {
  const { database, to } = files();
  const store = await opened(database);
  const begun: string[] = [];
  let isOver = false;
  const writing = Promise.all(
    Array.from({ length: 20 }, async () => {
      while (!isOver) begun.push(await begin(store));
    }),
  );
  for (let at = 0; at < 5; at += 1) {
    const before = [...begun];
    await backup(database, `${to}.${at}`);
    const kept = await idsIn(`${to}.${at}`);
    expect(kept).toEqual(expect.arrayContaining(before));
  }
  isOver = true;
  await writing;
});

test("a backup waits for a gateway that is just closing the database, which locks it for a moment", async () => {
  const { database, path, to } = files();
  const store = await opened(database);
  const id = await begin(store);
  await store[Symbol.asyncDispose]();
  const closing = new Worker(holdForAMoment, { eval: true, workerData: path });
  const closed = once(closing, "exit");
  await once(closing, "message");
  await backup(database, to);
  expect(await idsIn(to)).toEqual([id]);
  await closed;
});

test("a backup takes the place of nothing", async () => {
  const { database, to } = files();
  await opened(database);
  writeFileSync(to, "precious");
  await expect(backup(database, to)).rejects.toThrow(`${to} exists already`);
  expect(readFileSync(to, "utf8")).toBe("precious");
});

test("where there is no database, or another program's, no backup is made", async () => {
  const { database, path, to } = files();
  await expect(backup(database, to)).rejects.toThrow(`${path} does not exist`);
  new DatabaseSync(path).exec("create table notes (id text)");
  await expect(backup(database, to)).rejects.toThrow("is not a whole database of a gateway");
  expect(readdirSync(dirname(to))).not.toContain(basename(to));
});

test("a restored database is the backup, and the one that it replaced is kept beside it, whole", async () => {
  const { database, path, to } = files();
  const store = await opened(database);
  const before = await begin(store);
  await backup(database, to);
  const after = await begin(store);
  await store[Symbol.asyncDispose]();

  const kept = await restore(database, to, new FakeClock());
  expect(kept).toBe(`${path}.replaced-2026-01-01T000000.000Z`);
  expect(await idsIn(path)).toEqual([before]);
  expect(await idsIn(kept!)).toEqual([before, after].sort());
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test("what a gateway that was killed had committed last is in the database that is kept", async () => {
  const { database, path, to } = files();
  const store = await opened(database);
  await backup(database, to);
  const last = await begin(store);
  // As a kill -9 leaves it: the write-ahead log still beside the database.
  const crashed = files();
  for (const suffix of ["", "-wal"]) writeFileSync(crashed.path + suffix, readFileSync(path + suffix));
  const kept = await restore(crashed.database, to, systemClock);
  expect(await idsIn(kept!)).toEqual([last]);
  expect(await idsIn(crashed.path)).toEqual([]);
});

test("a backup is restored where there was no database", async () => {
  const { database, to } = files();
  const id = await begin(await opened(database));
  await backup(database, to);
  const other = files();
  expect(await restore(other.database, to, systemClock)).toBeUndefined();
  expect(await idsIn(other.path)).toEqual([id]);
});

test("a database that a gateway uses is not restored", async () => {
  const { database, to } = files();
  const store = await opened(database);
  await backup(database, to);
  const id = await begin(store);
  await expect(restore(database, to, systemClock)).rejects.toThrow("another gateway uses the database");
  expect(await idsOf(store)).toEqual([id]);
});

test.each([
  ["a newer gateway's", "insert into schema_migrations values ('9999-later', 'now')", "written by a newer gateway"],
  ["another program's", "drop table token_families", "is not a whole database of a gateway"],
])("a backup that is %s is not restored, and nothing is changed", async (_whose, change, reason) => {
  const { database, path, to } = files();
  const store = await opened(database);
  await backup(database, to);
  const id = await begin(store);
  await store[Symbol.asyncDispose]();
  new DatabaseSync(to).exec(change);
  await expect(restore(database, to, systemClock)).rejects.toThrow(reason);
  expect(await idsIn(path)).toEqual([id]);
  expect(readdirSync(dirname(path)).filter((name) => /partial|replaced/.test(name))).toEqual([]);
});

test.each([
  ["damaged", 0.5],
  ["cut short", 0],
])("a backup that is %s is not restored", async (what, from) => {
  const { database, path, to } = files();
  const store = await opened(database);
  for (let at = 0; at < 200; at += 1) await begin(store);
  await backup(database, to);
  await store[Symbol.asyncDispose]();
  const bytes = readFileSync(to);
  if (what === "cut short") writeFileSync(to, bytes.subarray(0, bytes.length / 2));
  else {
    const file = openSync(to, "r+");
    writeSync(file, Buffer.alloc(8192, 0xa5), 0, 8192, Math.floor(bytes.length * from));
    closeSync(file);
  }
  await expect(restore(database, to, systemClock)).rejects.toThrow(`${to} is not a whole database of a gateway`);
  expect(await idsIn(path)).toHaveLength(200);
});

test("Postgres has tools of its own, which are named, and no byte of its URL", async () => {
  const database = { kind: "postgres", url: new Secret("postgres://ada:hunter2@localhost/db") } as const;
  await expect(backup(database, "/nowhere/backup.db")).rejects.toThrow(/pg_dump(?!.*hunter2)/);
  await expect(restore(database, "/nowhere/backup.db", systemClock)).rejects.toThrow(/pg_restore(?!.*hunter2)/);
});
