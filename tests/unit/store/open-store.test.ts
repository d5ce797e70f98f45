import { chmodSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { newFamilyId } from "../../../src/core/ids.ts";
import { silentLog } from "../../../src/core/log.ts";
import { openStore } from "../../../src/store/index.ts";
import { openConnection } from "../../../src/store/sqlite/connection.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";
import { temporaryStore } from "../../support/temporary-store.ts";

const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);

test("its files can be read by their owner alone, and so can directories that it makes", async () => {
  using directory = temporaryDirectory();
  const home = join(directory.path, "state", "openshell");
  await using store = await openStore({ database: { kind: "sqlite", path: join(home, "gateway.db") }, log: silentLog });
  await store.sandboxes.load();
  expect([modeOf(join(directory.path, "state")), modeOf(home)]).toEqual(["700", "700"]);
  for (const name of readdirSync(home)) expect([name, modeOf(join(home, name))]).toEqual([name, "600"]);
});

test("a database that others could read is closed to them; the directory that was there keeps its mode", async () => {
  using directory = temporaryDirectory();
  const home = join(directory.path, "shared");
  mkdirSync(home);
  chmodSync(home, 0o755);
  const path = join(home, "gateway.db");
  writeFileSync(path, "", { mode: 0o644 });
  await using _store = await openStore({ database: { kind: "sqlite", path }, log: silentLog });
  expect([modeOf(home), modeOf(path)]).toEqual(["755", "600"]);
});

test("a commit waits for the disk, in a write-ahead log, with foreign keys enforced", () => {
  using directory = temporaryDirectory();
  const connection = openConnection(join(directory.path, "gateway.db"));
  const pragma = (name: string) => Object.values(connection.prepare(`pragma ${name}`).all([])[0] as object)[0];
  expect([pragma("synchronous"), pragma("journal_mode"), pragma("foreign_keys")]).toEqual([2, "wal", 1]);
  connection.close();
});

test("a second store on an open database is refused, and admitted once the first is closed", async () => {
  using directory = temporaryDirectory();
  const options = { database: { kind: "sqlite", path: join(directory.path, "gateway.db") }, log: silentLog } as const;
  const first = await openStore(options);
  await expect(openStore(options)).rejects.toThrow("another gateway uses the database");
  await first.check();
  await first[Symbol.asyncDispose]();
  await using second = await openStore(options);
  await second.check();
});

test("a file that is no database is refused by its name, and not claimed", async () => {
  using directory = temporaryDirectory();
  const path = join(directory.path, "gateway.db");
  writeFileSync(path, "this is not a database, and long enough to see that it is none".repeat(20));
  for (const _attempt of [1, 2]) {
    await expect(openStore({ database: { kind: "sqlite", path }, log: silentLog })).rejects.toThrow(
      `${path} cannot be opened as a SQLite database`,
    );
  }
});

test.each([
  ["reads", (store: Awaited<ReturnType<typeof openStore>>) => store.families.find(newFamilyId())],
  ["writes", (store: Awaited<ReturnType<typeof openStore>>) => store.families.prune(1)],
  ["checks", (store: Awaited<ReturnType<typeof openStore>>) => store.check()],
])("a closed store refuses %s as store-unavailable", async (_what, use) => {
  const made = await temporaryStore();
  await made[Symbol.asyncDispose]();
  await expect(use(made.store)).rejects.toMatchObject({ reason: "store-unavailable", code: "unavailable" });
});

test("closing finishes what was being written", async () => {
  using directory = temporaryDirectory();
  const options = { database: { kind: "sqlite", path: join(directory.path, "gateway.db") }, log: silentLog } as const;
  const first = await openStore(options);
  const writing = first.families.prune(1);
  await first[Symbol.asyncDispose]();
  expect(await writing).toBe(0);
});
