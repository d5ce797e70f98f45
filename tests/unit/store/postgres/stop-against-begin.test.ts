import { expect, onTestFinished, test } from "vitest";
import type { SandboxId } from "../../../../src/core/ids.ts";
import type { Store } from "../../../../src/store/index.ts";
import { beginFamily, familyToBegin, newFamily } from "../../../contract/families.ts";
import { describePostgres, type TestDatabase, waitForLocks } from "../../../support/postgres.ts";
import { databasesForTests } from "../../../support/temporary-store.ts";

interface Ending {
  /** What an operator's own transaction would do. */
  readonly statement: string;
  readonly reason: "state-conflict" | "sandbox-missing";
  end(store: Store, id: SandboxId): Promise<unknown>;
}

const wished = (desired: "stopped" | "withheld" | "deleted"): Ending => ({
  statement: `update sandboxes set desired = '${desired}', resource_version = resource_version + 1 where id = $1`,
  reason: "state-conflict",
  end: (store, id) => store.sandboxes.setDesired(id, desired),
});

const endings: readonly [string, Ending][] = [
  ["stopped", wished("stopped")],
  ["withheld", wished("withheld")],
  ["deleted", wished("deleted")],
  [
    "removed",
    {
      statement: "delete from sandboxes where id = $1",
      reason: "sandbox-missing",
      end: (store, id) => store.sandboxes.remove(id),
    },
  ],
];

/** T5: whoever ends a sandbox and revokes its families afterwards leaves none that lives, whoever begins one meanwhile. */
describePostgres("a sandbox that one replica ends while another begins a family for it", () => {
  const databases = databasesForTests();

  async function two(): Promise<[Store, Store, TestDatabase]> {
    const shared = await databases().create();
    onTestFinished(() => shared[Symbol.asyncDispose]());
    return [await shared.open(), await shared.open(), shared.database];
  }

  async function transaction(database: TestDatabase, statement: string, values: unknown[] = []) {
    const client = await database.connect();
    await client.query("begin");
    await client.query(statement, values);
    return async () => {
      await client.query("commit");
      await client.end();
    };
  }

  test.each(endings)("T5: one that is %s first refuses the family, which waits to know", async (_how, ending) => {
    const [ender, beginner, database] = await two();
    const before = await beginFamily(ender);
    const { sandboxId } = before;
    const commit = await transaction(database, ending.statement, [sandboxId]);
    const beginning = expect(beginner.families.begin(newFamily({ sandboxId }))).rejects.toMatchObject({
      reason: ending.reason,
    });
    await waitForLocks(database);
    await commit();
    await beginning;
    expect(await ender.families.ofSandbox(sandboxId)).toEqual([before]);
    await ender.families.revokeSandbox(sandboxId, "operator", 1);
    expect(await beginner.families.ofSandbox(sandboxId)).toEqual([]);
  });

  test.each(endings)("T5: one that is %s second waits for the family, and revokes it", async (_how, ending) => {
    const [ender, beginner, database] = await two();
    const family = await familyToBegin(ender);
    const { sandboxId } = family;
    // The family has looked at its sandbox by then, and is not written yet.
    const release = await transaction(database, "lock table token_families in exclusive mode");
    const beginning = beginner.families.begin(family);
    await waitForLocks(database, 1);
    let isEnded = false;
    const revoking = ending.end(ender, sandboxId).then(() => {
      isEnded = true;
      return ender.families.revokeSandbox(sandboxId, "operator", 1);
    });
    await waitForLocks(database, 2);
    expect(isEnded).toBe(false);
    await release();
    expect(await beginning).toEqual([]);
    expect(await revoking).toMatchObject([{ familyId: family.familyId }]);
    expect(await beginner.families.ofSandbox(sandboxId)).toEqual([]);
  });

  test("T5: a stop that is rolled back does not refuse the family", async () => {
    const [, beginner, database] = await two();
    const family = await familyToBegin(beginner);
    const client = await database.connect();
    await client.query("begin");
    await client.query(wished("stopped").statement, [family.sandboxId]);
    const beginning = beginner.families.begin(family);
    await waitForLocks(database);
    await client.query("rollback");
    await client.end();
    expect(await beginning).toEqual([]);
  });

  test.each(endings)("T5: of two hundred that are %s at any moment, none has a live family", async (_how, ending) => {
    const [ender, beginner] = await two();
    const race = async () => {
      const { sandboxId } = await familyToBegin(ender);
      const begins = Array.from({ length: 3 }, async (_, turn) => {
        await turns(Math.random() * 8);
        return (turn % 2 ? ender : beginner).families.begin(newFamily({ sandboxId }));
      });
      const ends = turns(Math.random() * 8).then(async () => {
        await ending.end(ender, sandboxId);
        await ender.families.revokeSandbox(sandboxId, "operator", 1);
      });
      const outcomes = await Promise.allSettled(begins);
      await ends;
      for (const outcome of outcomes) {
        if (outcome.status === "rejected") expect(outcome.reason).toMatchObject({ reason: ending.reason });
      }
      return sandboxId;
    };
    const raced: SandboxId[] = [];
    for (let round = 0; round < 50; round += 1) raced.push(...(await Promise.all([race(), race(), race(), race()])));
    const live = (await beginner.families.load(0)).filter(({ revokedAt }) => revokedAt === undefined);
    expect(live).toEqual([]);
    expect(new Set(raced).size).toBe(200);
  });
});

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise(setImmediate);
}
