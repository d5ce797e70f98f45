import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { newFamilyId, newSandboxId, type SandboxId } from "../../src/core/ids.ts";
import type { Family, FamilyStore, Successor } from "../../src/tokens/index.ts";

/** A store to test, and how to be rid of it. */
export interface StoreUnderTest extends AsyncDisposable {
  readonly store: FamilyStore;
  /** Makes a sandbox whose families can begin, if it is not there. */
  makeSandbox(id: SandboxId): Promise<unknown>;
}

const start = Date.UTC(2026, 0, 1);
const hour = 3_600_000;

/** A row of generation 0, as a new family has it. */
function familyOf(over: Partial<Family> = {}): Family {
  return {
    familyId: newFamilyId(),
    sandboxId: newSandboxId(),
    generation: 0,
    keyId: "0123456789abcdef0123456789abcdef",
    issuedAt: start,
    expiresAt: start + hour,
    presented: false,
    rotatedAt: undefined,
    revokedAt: undefined,
    revokedFor: undefined,
    ...over,
  };
}

/** The successor that is made at this many minutes; its claims tell successors apart. */
const successorAt = (minutes: number): Successor => ({
  keyId: `key-${minutes}`,
  issuedAt: start + minutes * 60_000,
  expiresAt: start + minutes * 60_000 + hour,
  rotatedAt: start + minutes * 60_000 + 123,
});

const sorted = (families: readonly Family[]) => [...families].sort((a, b) => a.familyId.localeCompare(b.familyId));

/** What every store of families must do, whatever it is made of. `makeStore` gives an empty one. */
export function familyStoreContract(name: string, makeStore: () => Promise<StoreUnderTest>): void {
  describe(`family store: ${name}`, () => {
    let made: StoreUnderTest;
    let store: FamilyStore;
    beforeEach(async () => {
      made = await makeStore();
      store = made.store;
    });
    afterEach(() => made[Symbol.asyncDispose]());

    async function begun(over: Partial<Family> = {}): Promise<Family> {
      const family = familyOf(over);
      await begin(family);
      return family;
    }

    async function begin(family: Family): Promise<Family[]> {
      await made.makeSandbox(family.sandboxId);
      return store.begin(family);
    }

    describe("begin", () => {
      test("what was begun is found again, every member of it", async () => {
        const family = await begun();
        expect(await store.find(family.familyId)).toEqual(family);
        expect(await store.ofSandbox(family.sandboxId)).toEqual([family]);
      });

      test("a family that nobody began is not found", async () => {
        await begun();
        expect(await store.find(newFamilyId())).toBeUndefined();
        expect(await store.ofSandbox(newSandboxId())).toEqual([]);
      });

      test("a sandbox's first family ends no other", async () => {
        await begun();
        expect(await begin(familyOf())).toEqual([]);
      });

      test("a new family ends the one before, and says so", async () => {
        const first = await begun();
        const second = familyOf({ sandboxId: first.sandboxId, issuedAt: start + 60_000 });
        const ended = { ...first, revokedAt: second.issuedAt, revokedFor: "superseded-family" };
        expect(await store.begin(second)).toEqual([ended]);
        expect(await store.find(first.familyId)).toEqual(ended);
        expect(await store.ofSandbox(first.sandboxId)).toEqual([second]);
      });

      test("a family that had ended before keeps its cause and is not named again", async () => {
        const first = await begun();
        await store.revoke(first.familyId, "operator", start + 1);
        expect(await store.begin(familyOf({ sandboxId: first.sandboxId }))).toEqual([]);
        expect(await store.find(first.familyId)).toMatchObject({ revokedAt: start + 1, revokedFor: "operator" });
      });

      test("an id that is taken is refused, and nothing is ended for it", async () => {
        const first = await begun();
        await expect(store.begin({ ...first, issuedAt: start + 1 })).rejects.toThrow();
        expect(await store.find(first.familyId)).toEqual(first);
      });

      test("of a hundred families begun at once for one sandbox, one is live", async () => {
        const { sandboxId } = await begun();
        await Promise.all(Array.from({ length: 100 }, () => store.begin(familyOf({ sandboxId }))));
        expect(await store.ofSandbox(sandboxId)).toHaveLength(1);
      });
    });

    describe("findMany", () => {
      test("those that are asked for are found, live or revoked, and ids that nobody has are passed over", async () => {
        const [live, other, ended] = [await begun(), await begun(), await begun()];
        const revoked = await store.revoke(ended.familyId, "operator", start);
        const found = await store.findMany([live.familyId, newFamilyId(), ended.familyId]);
        expect(sorted(found)).toEqual(sorted([live, revoked!]));
        expect(await store.findMany([other.familyId])).toEqual([other]);
      });

      test("nobody asked for is nobody found", async () => {
        await begun();
        expect(await store.findMany([])).toEqual([]);
      });
    });

    describe("rotate", () => {
      test("the successor takes the current token's place, not presented", async () => {
        const family = await begun({ presented: true });
        const now = { ...family, ...successorAt(10), generation: 1, presented: false };
        expect(await store.rotate(family.familyId, 0, successorAt(10))).toEqual({ family: now, rotated: true });
        expect(await store.find(family.familyId)).toEqual(now);
      });

      test("a caller that comes too late changes nothing and is told what is there", async () => {
        const { familyId } = await begun();
        const first = await store.rotate(familyId, 0, successorAt(10));
        const late = await store.rotate(familyId, 0, successorAt(11));
        expect(late).toEqual({ family: first?.family, rotated: false });
        expect(await store.find(familyId)).toEqual(first?.family);
      });

      test("a generation that was never reached is not skipped to", async () => {
        const family = await begun();
        expect(await store.rotate(family.familyId, 1, successorAt(10))).toEqual({ family, rotated: false });
      });

      test("a revoked family does not rotate", async () => {
        const { familyId } = await begun();
        const revoked = await store.revoke(familyId, "reuse", start + 5);
        expect(await store.rotate(familyId, 0, successorAt(10))).toEqual({ family: revoked, rotated: false });
      });

      test("a family that nobody began is undefined", async () => {
        expect(await store.rotate(newFamilyId(), 0, successorAt(10))).toBeUndefined();
      });

      test("no other family is touched", async () => {
        const other = await begun();
        const { familyId } = await begun();
        await store.rotate(familyId, 0, successorAt(10));
        expect(await store.find(other.familyId)).toEqual(other);
      });

      test("of two hundred that rotate at once, one does, and all the others see its successor", async () => {
        const { familyId } = await begun();
        const outcomes = await Promise.all(
          Array.from({ length: 200 }, (_, at) => store.rotate(familyId, 0, successorAt(at))),
        );
        expect(outcomes.filter((outcome) => outcome?.rotated)).toHaveLength(1);
        const winner = await store.find(familyId);
        expect(winner?.generation).toBe(1);
        for (const outcome of outcomes) expect(outcome?.family).toEqual(winner);
      });

      test("a rotation and a revocation at once leave the family revoked, whoever came first", async () => {
        for (let round = 0; round < 20; round += 1) {
          const { familyId } = await begun();
          await Promise.all([
            store.rotate(familyId, 0, successorAt(10)),
            store.revoke(familyId, "operator", start + 1),
          ]);
          expect(await store.find(familyId)).toMatchObject({ revokedAt: start + 1, revokedFor: "operator" });
        }
      });
    });

    describe("markPresented", () => {
      test("the current token is presented from then on, and nothing else changes", async () => {
        const family = await begun();
        await store.markPresented(family.familyId, 0);
        await store.markPresented(family.familyId, 0);
        expect(await store.find(family.familyId)).toEqual({ ...family, presented: true });
      });

      test("a mark that comes after the rotation does not count for the successor", async () => {
        const { familyId } = await begun();
        await store.rotate(familyId, 0, successorAt(10));
        await store.markPresented(familyId, 0);
        expect(await store.find(familyId)).toMatchObject({ generation: 1, presented: false });
      });

      test("a family that nobody began is no error", async () => {
        await expect(store.markPresented(newFamilyId(), 0)).resolves.toBeUndefined();
      });
    });

    describe("revoke", () => {
      test("a revoked family says when and why, and is not live", async () => {
        const family = await begun();
        const revoked = { ...family, revokedAt: start + 7, revokedFor: "sandbox-stopped" };
        expect(await store.revoke(family.familyId, "sandbox-stopped", start + 7)).toEqual(revoked);
        expect(await store.find(family.familyId)).toEqual(revoked);
        expect(await store.ofSandbox(family.sandboxId)).toEqual([]);
      });

      test("revoking twice keeps the first cause and time", async () => {
        const { familyId } = await begun();
        const first = await store.revoke(familyId, "reuse", start + 7);
        expect(await store.revoke(familyId, "operator", start + 8)).toEqual(first);
      });

      test("a family that nobody began is undefined", async () => {
        expect(await store.revoke(newFamilyId(), "operator", start)).toBeUndefined();
      });

      test.each([
        "superseded-family",
        "sandbox-deleted",
        "sandbox-stopped",
        "reuse",
        "operator",
        "key-revoked",
      ] as const)("the cause %s is kept", async (cause) => {
        const { familyId } = await begun();
        await store.revoke(familyId, cause, start);
        expect((await store.find(familyId))?.revokedFor).toBe(cause);
      });
    });

    describe("revokeSandbox", () => {
      test("the sandbox's live family ends and is named; other sandboxes go on", async () => {
        const mine = await begun();
        const other = await begun();
        const revoked = { ...mine, revokedAt: start + 9, revokedFor: "sandbox-deleted" };
        expect(await store.revokeSandbox(mine.sandboxId, "sandbox-deleted", start + 9)).toEqual([revoked]);
        expect(await store.find(mine.familyId)).toEqual(revoked);
        expect(await store.find(other.familyId)).toEqual(other);
      });

      test("what had ended before is neither changed nor named", async () => {
        const { familyId, sandboxId } = await begun();
        const first = await store.revoke(familyId, "reuse", start + 7);
        expect(await store.revokeSandbox(sandboxId, "sandbox-deleted", start + 9)).toEqual([]);
        expect(await store.find(familyId)).toEqual(first);
      });

      test("a sandbox that has none ends none", async () => {
        expect(await store.revokeSandbox(newSandboxId(), "sandbox-deleted", start)).toEqual([]);
      });
    });

    describe("revokeKey", () => {
      test("families whose current token the key signed end and are named; those of other keys go on", async () => {
        const [mine, other] = [await begun({ keyId: "leaked" }), await begun()];
        const revoked = { ...mine, revokedAt: start + 9, revokedFor: "key-revoked" };
        expect(await store.revokeKey("leaked", "key-revoked", start + 9)).toEqual([revoked]);
        expect(await store.find(mine.familyId)).toEqual(revoked);
        expect(await store.find(other.familyId)).toEqual(other);
      });

      test("a family that was refreshed into another key's token goes on", async () => {
        const { familyId } = await begun({ keyId: "leaked" });
        await store.rotate(familyId, 0, successorAt(1));
        expect(await store.revokeKey("leaked", "key-revoked", start + 9)).toEqual([]);
        expect((await store.find(familyId))?.revokedAt).toBeUndefined();
      });

      test("what had ended before is neither changed nor named", async () => {
        const { familyId } = await begun({ keyId: "leaked" });
        const first = await store.revoke(familyId, "reuse", start + 7);
        expect(await store.revokeKey("leaked", "key-revoked", start + 9)).toEqual([]);
        expect(await store.find(familyId)).toEqual(first);
      });

      test("a key that signed nothing ends nothing", async () => {
        const family = await begun();
        expect(await store.revokeKey("another", "key-revoked", start)).toEqual([]);
        expect(await store.find(family.familyId)).toEqual(family);
      });
    });

    describe("load and prune", () => {
      test("what runs out at the given time or later is loaded, live or revoked; what ran out before is not", async () => {
        const live = await begun({ expiresAt: start + hour });
        const ended = await begun({ expiresAt: start + hour });
        const revoked = await store.revoke(ended.familyId, "operator", start);
        await begun({ expiresAt: start + hour - 1000 });
        expect(sorted(await store.load(start + hour))).toEqual(sorted([live, revoked!]));
      });

      test("an empty store loads nothing", async () => {
        expect(await store.load(0)).toEqual([]);
      });

      test("a rotation counts: the family is as long-lived as its current token", async () => {
        const { familyId } = await begun();
        await store.rotate(familyId, 0, successorAt(30));
        expect(await store.load(start + hour + 1)).toHaveLength(1);
        expect(await store.prune(start + hour + 1)).toBe(0);
      });

      test("pruning forgets what ran out before, says how many, and keeps the rest", async () => {
        const old = await begun({ expiresAt: start + 1000 });
        const oldRevoked = await begun({ expiresAt: start + 2000 });
        await store.revoke(oldRevoked.familyId, "reuse", start);
        const kept = await begun({ expiresAt: start + 3000 });
        expect(await store.prune(start + 3000)).toBe(2);
        expect(await store.find(old.familyId)).toBeUndefined();
        expect(await store.find(oldRevoked.familyId)).toBeUndefined();
        expect(await store.find(kept.familyId)).toEqual(kept);
      });

      test("a family that was forgotten cannot be rotated or revoked back to life", async () => {
        const { familyId } = await begun();
        await store.prune(start + 2 * hour);
        expect(await store.rotate(familyId, 0, successorAt(10))).toBeUndefined();
        expect(await store.revoke(familyId, "operator", start)).toBeUndefined();
        expect(await store.load(0)).toEqual([]);
      });
    });
  });
}
