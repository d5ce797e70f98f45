import { join } from "node:path";
import { Kysely, sql } from "kysely";
import { afterEach, beforeEach, expect, test } from "vitest";
import { NodeSqliteDialect } from "../../../src/store/sqlite/dialect.ts";
import { CommitFailure, GroupCommit } from "../../../src/store/sqlite/group-commit.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

interface Tables {
  notes: { id: number; text: string };
}

let directory: ReturnType<typeof temporaryDirectory>;
let db: Kysely<Tables>;
let writes: GroupCommit<Tables>;

beforeEach(async () => {
  directory = temporaryDirectory();
  db = new Kysely<Tables>({ dialect: new NodeSqliteDialect(join(directory.path, "notes.db")) });
  await sql`create table notes (id integer primary key, text text not null)`.execute(db);
  writes = new GroupCommit(db);
});

afterEach(async () => {
  await writes[Symbol.asyncDispose]();
  await db.destroy();
  directory[Symbol.dispose]();
});

const put = (id: number, text = "x") =>
  writes.write(async (tx) => {
    await tx.insertInto("notes").values({ id, text }).execute();
    return id;
  });

const ids = async () => (await db.selectFrom("notes").select("id").orderBy("id").execute()).map(({ id }) => id);

test("a job resolves to what it returned, after it is stored", async () => {
  expect(await put(1)).toBe(1);
  expect(await ids()).toEqual([1]);
});

test("of concurrent jobs one that fails fails alone", async () => {
  const outcomes = await Promise.allSettled([put(1), put(2), put(1), put(3)]);
  expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected", "fulfilled"]);
  expect(await ids()).toEqual([1, 2, 3]);
});

test("jobs beside one that fails are run again, and what they wrote is there once", async () => {
  let runs = 0;
  const counted = writes.write(async (tx) => {
    runs += 1;
    await tx
      .insertInto("notes")
      .values({ id: 4, text: `run ${runs}` })
      .execute();
    return runs;
  });
  const failing = writes.write(() => Promise.reject(new Error("no")));
  await expect(failing).rejects.toThrow("no");
  expect(await counted).toBe(2);
  expect(await db.selectFrom("notes").select("text").execute()).toEqual([{ text: "run 2" }]);
});

test("a job that throws after it wrote leaves nothing, and its caller gets the very error", async () => {
  const failure = new Error("changed my mind");
  const failing = writes.write(async (tx) => {
    await tx.insertInto("notes").values({ id: 7, text: "x" }).execute();
    throw failure;
  });
  await Promise.all([expect(failing).rejects.toBe(failure), put(8)]);
  expect(await ids()).toEqual([8]);
});

test("a job sees what earlier jobs of its group wrote", async () => {
  const first = put(1);
  const count = writes.write(async (tx) => (await tx.selectFrom("notes").selectAll().execute()).length);
  await first;
  expect(await count).toBe(1);
});

test("jobs settle in the order in which they came", async () => {
  const settled: number[] = [];
  await Promise.all(Array.from({ length: 600 }, (_, id) => put(id).then(() => settled.push(id))));
  expect(settled).toEqual(Array.from({ length: 600 }, (_, id) => id));
});

test("where the disk is full nobody of the group hears of success, and writing works again with room", async () => {
  await put(1);
  await sql`pragma max_page_count = 3`.execute(db);
  const outcomes = await Promise.allSettled([put(2), put(3, "x".repeat(100_000)), put(4)]);
  const stored = await ids();
  outcomes.forEach((outcome, index) => {
    if (outcome.status === "fulfilled") expect(stored).toContain(index + 2);
    else expect(stored).not.toContain(index + 2);
  });
  expect(outcomes[1]?.status).toBe("rejected");

  await sql`pragma max_page_count = 100000`.execute(db);
  expect(await put(5)).toBe(5);
});

test("where the transaction as a whole fails, each of its jobs is told so and none is stored", async () => {
  const breaking = writes.write(async (tx) => {
    await tx.insertInto("notes").values({ id: 2, text: "x" }).execute();
    await sql`rollback`.execute(tx);
    throw new Error("the transaction was taken away");
  });
  const outcomes = await Promise.allSettled([put(1), breaking, put(3)]);
  for (const outcome of outcomes) expect(outcome).toMatchObject({ reason: expect.any(CommitFailure) });
  expect(await ids()).toEqual([]);
  expect(await put(4)).toBe(4);
});

test("disposing waits for what was queued", async () => {
  const writing = put(1);
  await writes[Symbol.asyncDispose]();
  expect(await ids()).toEqual([1]);
  await writing;
});
