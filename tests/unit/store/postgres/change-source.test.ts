import { expect, onTestFinished, test } from "vitest";
import { systemClock } from "../../../../src/core/clock.ts";
import { newFamilyId } from "../../../../src/core/ids.ts";
import { PostgresChangeSource } from "../../../../src/store/postgres/change-source.ts";
import { beginFamily, newSuccessor } from "../../../contract/families.ts";
import { inParallel } from "../../../contract/in-parallel.ts";
import { RecordedChanges } from "../../../contract/recorded-changes.ts";
import { describePostgres, type TestDatabase } from "../../../support/postgres.ts";
import { databasesForTests } from "../../../support/temporary-store.ts";

describePostgres("changes of several replicas", () => {
  const databases = databasesForTests();

  /** A store that writes and one that reads, as two gateways are; both follow. */
  async function followed() {
    const shared = await databases().create();
    onTestFinished(() => shared[Symbol.asyncDispose]());
    const [writer, reader] = await Promise.all([shared.open(), shared.open()]);
    const heard = new RecordedChanges("family");
    await Promise.all([reader.feed.follow(heard), writer.feed.follow(new RecordedChanges())]);
    return { writer, reader, heard, database: shared.database, open: () => shared.open() };
  }

  /** Records a change as some replica would, in a transaction that the test commits. */
  const record = `insert into changes (kind, subject) values ('family', $1) returning seq`;

  async function openTransaction(database: TestDatabase) {
    const client = await database.connect();
    await client.query("begin");
    return {
      async record(id: string): Promise<number> {
        return (await client.query<{ seq: number }>(record, [id])).rows[0]!.seq;
      },
      async end(how: "commit" | "rollback") {
        await client.query(how);
        await client.end();
      },
    };
  }

  test("what one replica commits the other hears", async () => {
    const { writer, heard } = await followed();
    const family = await beginFamily(writer);
    await heard.hear(`family ${family.familyId}`);
  });

  test("a change whose transaction commits late is heard, though later ones were heard before", async () => {
    const { database, heard } = await followed();
    const [early, late] = [newFamilyId(), newFamilyId()];
    const held = await openTransaction(database);
    const heldSeq = await held.record(early);
    const other = await openTransaction(database);
    expect(await other.record(late)).toBeGreaterThan(heldSeq);
    await other.end("commit");
    await heard.hear(`family ${late}`);
    expect(heard.told).toEqual(["reload", `family ${late}`]);
    await held.end("commit");
    await heard.hear(`family ${early}`);
    expect(heard.told).toEqual(["reload", `family ${late}`, `family ${early}`]);
  });

  test("a transaction that never commits holds nobody up and is never heard of", async () => {
    const { database, writer, heard } = await followed();
    const held = await openTransaction(database);
    const never = newFamilyId();
    await held.record(never);
    for (let index = 0; index < 5; index += 1) {
      const family = await beginFamily(writer);
      await heard.hear(`family ${family.familyId}`);
    }
    await held.end("rollback");
    const last = await beginFamily(writer);
    await heard.hear(`family ${last.familyId}`);
    expect(heard.told).not.toContain(`family ${never}`);
    expect(heard.told).toHaveLength(7);
  });

  test("nothing is missed and nothing told twice while many commit at once", async () => {
    const { writer, open, heard } = await followed();
    const writers = [writer, await open()];
    const families = await inParallel(200, (index) => beginFamily(writers[index % 2]!));
    const last = await beginFamily(writer);
    await heard.hear(`family ${last.familyId}`);
    const names = [...families, last].map(({ familyId }) => `family ${familyId}`);
    expect([...heard.told].sort()).toEqual(["reload", ...names].sort());
  });

  test("what happens while a follower reloads is told afterwards", async () => {
    const { writer, reader } = await followed();
    const heard = new RecordedChanges();
    const { promise, resolve } = Promise.withResolvers<void>();
    heard.hold = promise;
    const following = reader.feed.follow(heard);
    await heard.hear("asked");
    const family = await beginFamily(writer);
    resolve();
    await following;
    await heard.hear(`family ${family.familyId}`);
  });

  test("rows of another server's history are passed over, and those of a later program too", async () => {
    const { database, writer, heard } = await followed();
    const foreign = `insert into changes (kind, subject, txid) values ('family', $1, '9000000000'::xid8)`;
    await database.query(foreign, [newFamilyId()]);
    await database.query("insert into changes (kind, subject) values ('later', 'x')");
    const family = await beginFamily(writer);
    await heard.hear(`family ${family.familyId}`);
    expect(heard.told).toEqual(["reload", `family ${family.familyId}`]);
  });

  test("more changes than can be told one by one are a reload", async () => {
    const { database, heard } = await followed();
    await database.query(
      "insert into changes (kind, subject) select 'family', gen_random_uuid()::text from generate_series(1, 5001)",
    );
    await heard.hear("reload", 2);
    expect(heard.told).toEqual(["reload", "reload"]);
  });

  test("without a hint it is heard within the interval", async () => {
    const { database, heard } = await followed();
    const id = newFamilyId();
    const began = Date.now();
    await database.query(record, [id]);
    await heard.hear(`family ${id}`);
    expect(Date.now() - began).toBeLessThan(3_000);
  });

  test("a connection that is cut is replaced, everything is read again, and what happens then is heard", async () => {
    const { database, writer, heard } = await followed();
    const listeners = "from pg_stat_activity where datname = current_database() and application_name ~ 'changes$'";
    await expect.poll(() => database.query(`select pid ${listeners}`)).toHaveLength(2);
    await database.query(`select pg_terminate_backend(pid) ${listeners}`);
    await heard.hear("reload", 2);
    const family = await beginFamily(writer);
    await heard.hear(`family ${family.familyId}`);
  });

  test("whoever is told of a change reads what was committed with it, or something later", async () => {
    const { writer, reader, heard } = await followed();
    const family = await beginFamily(writer);
    await writer.families.rotate(family.familyId, 0, newSuccessor("later"));
    await heard.hear(`family ${family.familyId}`, heard.told.length);
    expect(await reader.families.findMany([family.familyId])).toMatchObject([{ keyId: "later", generation: 1 }]);
  });

  test("staleness is that of the last look, and grows while a follower has not learned", async () => {
    const { writer, reader, heard, open } = await followed();
    expect((await open()).feed.staleness()).toBe(Number.POSITIVE_INFINITY);
    expect(reader.feed.staleness()).toBeLessThan(3_000);
    const { promise, resolve } = Promise.withResolvers<void>();
    heard.hold = promise;
    await beginFamily(writer);
    await expect.poll(() => reader.feed.staleness(), { timeout: 8_000 }).toBeGreaterThan(2_500);
    resolve();
    await expect.poll(() => reader.feed.staleness(), { timeout: 8_000 }).toBeLessThan(1_500);
  });

  async function source(keptForMs: number) {
    const { database } = await followed();
    const config = { connectionString: database.url.reveal() };
    const made = await PostgresChangeSource.open({ config, clock: systemClock, hint: () => undefined, keptForMs });
    onTestFinished(() => made[Symbol.asyncDispose]());
    return { source: made, database };
  }

  test("who has not looked for half as long as changes are kept is told that some may be missing", async () => {
    const { source: late, database } = await source(20);
    expect(await late.next()).toEqual({ kind: "changes", changes: [] });
    await database.query("select pg_sleep(0.05)");
    expect(await late.next()).toEqual({ kind: "missed" });
  });

  test("old changes are forgotten, and the others kept", async () => {
    const { source: pruning, database } = await source(60_000);
    const [old, fresh] = [newFamilyId(), newFamilyId()];
    for (const id of [old, fresh]) await database.query(record, [id]);
    await database.query("update changes set at = at - 61000 where subject = $1", [old]);
    await pruning.prune();
    expect(await database.query("select subject from changes")).toEqual([{ subject: fresh }]);
  });
});
