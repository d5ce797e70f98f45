import { expect, onTestFinished, test } from "vitest";
import { newSandboxId } from "../../../../src/core/ids.ts";
import type { Store } from "../../../../src/store/index.ts";
import { beginFamily, familyToBegin, newFamily, newSuccessor } from "../../../contract/families.ts";
import { inParallel } from "../../../contract/in-parallel.ts";
import { describePostgres, waitForLocks } from "../../../support/postgres.ts";
import { databasesForTests, type SharedDatabase } from "../../../support/temporary-store.ts";

const author = { source: "user", principal: "user:idp/ada", at: 1 } as const;
const policy = (text: string) => ({ kind: "policy", policy: { canonical: text, hash: "0".repeat(64) } }) as const;

describePostgres("two stores on one database", () => {
  const databases = databasesForTests();

  async function two(): Promise<[Store, Store, SharedDatabase]> {
    const shared = await databases().create();
    onTestFinished(() => shared[Symbol.asyncDispose]());
    const [a, b] = await Promise.all([shared.open(), shared.open()]);
    await a.policies.load();
    return [a, b, shared];
  }

  test("T6: of two hundred families that both begin for one sandbox, one is live at the end", async () => {
    const [a, b] = await two();
    const { sandboxId } = await familyToBegin(a);
    const begun = await inParallel(200, (index) => (index % 2 ? a : b).families.begin(newFamily({ sandboxId })));
    expect(await a.families.ofSandbox(sandboxId)).toHaveLength(1);
    expect(new Set(begun.flat().map(({ familyId }) => familyId)).size).toBe(199);
  });

  test("B1: of a thousand rotations of one token over both, one makes a successor, and all the others see it", async () => {
    const [a, b] = await two();
    const { familyId } = await beginFamily(a);
    const outcomes = await inParallel(1000, (index) =>
      (index % 2 ? a : b).families.rotate(familyId, 0, newSuccessor(`${index}`)),
    );
    expect(outcomes.filter((outcome) => outcome?.rotated)).toHaveLength(1);
    const winner = await b.families.find(familyId);
    expect(winner?.generation).toBe(1);
    for (const outcome of outcomes) expect(outcome?.family).toEqual(winner);
  });

  test("a rotation and a revocation at once, on different stores, leave the family revoked", async () => {
    const [a, b] = await two();
    for (let round = 0; round < 30; round += 1) {
      const { familyId } = await beginFamily(a);
      await Promise.all([a.families.rotate(familyId, 0, newSuccessor()), b.families.revoke(familyId, "operator", 7)]);
      expect(await a.families.find(familyId)).toMatchObject({ revokedFor: "operator" });
    }
  });

  test("a family that is being rotated is not forgotten, though it had run out", async () => {
    const [a, , shared] = await two();
    const { familyId } = await beginFamily(a, { expiresAt: 1_000 });
    const rotating = await shared.database.connect();
    await rotating.query("begin");
    await rotating.query("update token_families set generation = 1, expires_at = 9000 where family_id = $1", [
      familyId,
    ]);
    const pruning = a.families.prune(5_000);
    await waitForLocks(shared.database);
    await rotating.query("commit");
    await rotating.end();
    expect(await pruning).toBe(0);
    expect(await a.families.find(familyId)).toMatchObject({ generation: 1 });
  });

  test("every change of one scope is decided on the one before, whichever store makes it", async () => {
    const [a, b] = await two();
    const seen: number[] = [];
    await Promise.all(
      Array.from({ length: 60 }, (_, index) =>
        (index % 2 ? a : b).policies.change("global", author, ({ own }) => {
          seen.push(own.revision);
          return { kind: "setting", key: `k${index}`, value: "{}" };
        }),
      ),
    );
    expect(seen.sort((x, y) => x - y)).toEqual(Array.from({ length: 60 }, (_, index) => index));
  });

  test("what a sandbox's policy was decided on does not change before it is stored", async () => {
    const [a, b, shared] = await two();
    const id = newSandboxId();
    await a.policies.insert(id, undefined, author);
    const global = await shared.database.connect();
    await global.query("begin");
    await global.query("update config_scopes set policy_active = 1, revision = revision + 1 where scope = 'global'");
    let sawRevision: number | undefined;
    const changing = b.policies.change(id, author, (standing) => {
      sawRevision = standing.global.revision;
      return policy("{}");
    });
    await waitForLocks(shared.database);
    expect(sawRevision).toBeUndefined();
    await global.query("commit");
    await global.end();
    await changing;
    expect(sawRevision).toBe(1);
  });

  test("a scope that is changed and removed at once leaves nothing behind", async () => {
    const [a, b, shared] = await two();
    for (let round = 0; round < 20; round += 1) {
      const id = newSandboxId();
      await a.policies.insert(id, undefined, author);
      await Promise.all([a.policies.change(id, author, () => policy("{}")), b.policies.remove(id)]);
      expect(await shared.database.query("select * from policy_revisions where scope = $1", [id])).toEqual([]);
    }
  });

  test("jobs that block each other are told apart by the database, and both are done", async () => {
    const [a, b, shared] = await two();
    const [one, other] = [newSandboxId(), newSandboxId()];
    for (const id of [one, other]) await a.policies.insert(id, undefined, author);
    const rival = await shared.database.connect();
    await rival.query("set deadlock_timeout = '10s'");
    await rival.query("begin");
    const touch = "update config_scopes set policy_owner = 'user' where scope = $1";
    await rival.query(touch, ["global"]);
    const changing = b.policies.change(one, author, () => policy("{}"));
    await waitForLocks(shared.database);
    await Promise.all([rival.query(touch, [one]).then(() => rival.query("commit")), changing]);
    await rival.end();
    expect(await a.policies.findMany([one])).toMatchObject([{ policyVersion: 1, owner: "user" }]);
  });

  test("the database itself refuses a second live family", async () => {
    const [a, , shared] = await two();
    const { familyId } = await beginFamily(a);
    const second = `insert into token_families select gen_random_uuid()::text, sandbox_id, 0, key_id, issued_at,
      expires_at, 0, null, null, null from token_families where family_id = $1`;
    await expect(shared.database.query(second, [familyId])).rejects.toThrow("token_families_live");
  });
});
