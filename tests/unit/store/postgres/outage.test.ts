import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { newFamilyId } from "../../../../src/core/ids.ts";
import { type Log, silentLog } from "../../../../src/core/log.ts";
import { Secret } from "../../../../src/core/secret.ts";
import { openStore } from "../../../../src/store/index.ts";
import { beginFamily, familyToBegin, newSuccessor } from "../../../contract/families.ts";
import { RecordedChanges } from "../../../contract/recorded-changes.ts";
import { describeOwnPostgres, type OwnPostgres, startPostgres } from "../../../support/postgres.ts";
import { type SharedDatabase, type SharedDatabases, sharedDatabases } from "../../../support/temporary-store.ts";

const others = (what: string) =>
  `select ${what} from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`;

const patient = { timeout: 15_000 };

describeOwnPostgres("Postgres that fails", () => {
  let postgres: OwnPostgres;
  let databases: SharedDatabases;
  beforeAll(async () => {
    // The store's own connections wait for the disk nevertheless.
    postgres = await startPostgres({ synchronous_commit: "off" });
    databases = await sharedDatabases(postgres);
  });
  afterAll(async () => {
    await databases[Symbol.asyncDispose]();
    await postgres[Symbol.asyncDispose]();
  });

  async function opened(): Promise<SharedDatabase> {
    const shared = await databases.create();
    onTestFinished(() => shared[Symbol.asyncDispose]());
    return shared;
  }

  test.each(["fast", "immediate"] as const)(
    "A-49: where it stops (%s), every call is refused as store-unavailable; when it is back, all works by itself",
    async (how) => {
      const shared = await opened();
      const [store, other] = await Promise.all([shared.open(), shared.open()]);
      const heard = new RecordedChanges();
      await Promise.all([store.feed.follow(heard), other.feed.follow(new RecordedChanges())]);
      const family = await beginFamily(store);
      const writing = Promise.allSettled(
        Array.from({ length: 50 }, (_, at) => store.families.rotate(family.familyId, at, newSuccessor())),
      );

      await postgres.stop(how);
      for (const outcome of await writing) {
        if (outcome.status === "rejected") expect(outcome.reason).toMatchObject({ reason: "store-unavailable" });
      }
      await expect(store.families.find(family.familyId)).rejects.toMatchObject({ reason: "store-unavailable" });
      await expect(store.families.revoke(family.familyId, "operator", 1)).rejects.toMatchObject({
        ...{ reason: "store-unavailable", code: "unavailable" },
      });
      await expect(store.check()).rejects.toMatchObject({ reason: "store-unavailable" });
      await expect.poll(() => store.feed.staleness(), patient).toBeGreaterThan(1_500);

      await postgres.start();
      await vi.waitFor(() => store.check(), patient);
      await expect.poll(() => store.feed.staleness(), patient).toBeLessThan(1_500);
      await heard.hear("reload", 2);
      await other.families.revoke(family.familyId, "operator", 1);
      await vi.waitFor(() => expect(heard.told.at(-1)).toBe(`family ${family.familyId}`), patient);
      expect(await store.families.find(family.familyId)).toMatchObject({ revokedFor: "operator" });
    },
  );

  test("T6: what was acknowledged before it crashed is there after it", async () => {
    const shared = await opened();
    const store = await shared.open();
    const acknowledged: string[] = [];
    const revoking = Array.from({ length: 20 }, async () => {
      for (;;) {
        const { familyId } = await beginFamily(store);
        await store.families.revoke(familyId, "operator", 7);
        acknowledged.push(familyId);
      }
    });
    const ended = Promise.allSettled(revoking);
    await vi.waitFor(() => expect(acknowledged.length).toBeGreaterThan(200), { ...patient, interval: 1 });
    await postgres.stop("immediate");
    await ended;
    await postgres.start();
    await vi.waitFor(() => store.check(), patient);
    const revoked = (await store.families.load(0)).filter(({ revokedFor }) => revokedFor === "operator");
    expect(revoked.map(({ familyId }) => familyId)).toEqual(expect.arrayContaining(acknowledged));
  });

  test("a server that became read-only is unavailable, and writing works again where it is not any more", async () => {
    const { database, open } = await opened();
    const store = await open();
    const family = await beginFamily(store);
    await database.query(`alter database ${database.name} set default_transaction_read_only = on`);
    await database.query(others("pg_terminate_backend(pid)"));
    const revoking = () => store.families.revoke(family.familyId, "operator", 1);
    await expect(revoking()).rejects.toMatchObject({ reason: "store-unavailable" });
    await expect(revoking()).rejects.toMatchObject({ reason: "store-unavailable" });
    await database.query(
      `begin read write; alter database ${database.name} reset default_transaction_read_only; commit`,
    );
    expect(await revoking()).toMatchObject({ revokedFor: "operator" });
  });

  test("a statement that waits too long for a lock is refused, and its connection is free again", async () => {
    const shared = await opened();
    const store = await shared.open({ connections: 1 });
    const family = await beginFamily(store);
    const holder = await shared.database.connect();
    await holder.query("begin");
    await holder.query("lock table token_families");
    await expect(store.families.find(family.familyId)).rejects.toMatchObject({ reason: "store-unavailable" });
    await holder.query("rollback");
    await holder.end();
    expect(await store.families.find(family.familyId)).toEqual(family);
  });

  test("more calls than connections wait for their turn", async () => {
    const store = await (await opened()).open({ connections: 2 });
    const found = await Promise.all(Array.from({ length: 200 }, () => store.families.find(newFamilyId())));
    expect(found.every((family) => family === undefined)).toBe(true);
  });

  test("closing finishes what was being written", async () => {
    const shared = await opened();
    const store = await shared.open();
    const family = await familyToBegin(store);
    const writing = store.families.begin(family);
    await store[Symbol.asyncDispose]();
    expect(await writing).toEqual([]);
    expect(await shared.database.query("select family_id from token_families")).toEqual([
      { family_id: family.familyId },
    ]);
  });

  test("T7: neither the log nor an error ever holds the URL or the password", async () => {
    const { database } = await opened();
    const said: string[] = [];
    const note = (fields: object, message: string) => void said.push(`${JSON.stringify(fields)} ${message}`);
    const log: Log = { ...silentLog, trace: note, debug: note, info: note, warn: note, error: note, child: () => log };
    const url = new URL(database.url.reveal());
    url.password = "hunter2-and-more";
    const store = await openStore({ database: { kind: "postgres", url: new Secret(url.href) }, log });
    onTestFinished(() => store[Symbol.asyncDispose]());
    await store.feed.follow(new RecordedChanges());

    await postgres.stop("fast");
    const refusal = await store.check().catch((thrown: unknown) => thrown);
    const opening = await openStore({ database: { kind: "postgres", url: new Secret(url.href) }, log }).catch(
      (thrown: unknown) => thrown,
    );
    await vi.waitFor(() => expect(said.join("\n")).toContain("the change feed was lost"), patient);
    await postgres.start();

    expect(opening).toBeInstanceOf(Error);
    expect(String(opening)).toMatch(/^Error: the database cannot be used: connect ECONNREFUSED/);
    expect(said.join("\n")).toContain("the database did not do its work");
    const seen = [...said, inspectDeep(refusal), inspectDeep(opening)].join("\n");
    expect(seen).not.toContain("hunter2");
    expect(seen).not.toContain("postgres://");
  });
});

/** All that a log could print of an error, and more. */
function inspectDeep(value: unknown, depth = 0): string {
  if (depth > 8 || typeof value !== "object" || value === null) return String(value);
  const members = Reflect.ownKeys(value).map(
    (key) => `${String(key)}=${inspectDeep(Reflect.get(value, key), depth + 1)}`,
  );
  return `${String(value)} ${members.join(" ")}`;
}
