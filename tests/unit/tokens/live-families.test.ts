import fc from "fast-check";
import { expect, test } from "vitest";
import { newFamilyId, newSandboxId } from "../../../src/core/ids.ts";
import type { Family } from "../../../src/tokens/index.ts";
import { type FamilyChange, LiveFamilies } from "../../../src/tokens/live-families.ts";

const first: Family = {
  familyId: newFamilyId(),
  sandboxId: newSandboxId(),
  generation: 0,
  keyId: "k",
  issuedAt: 1_000,
  expiresAt: 3_601_000,
  presented: false,
  rotatedAt: undefined,
  revokedAt: undefined,
  revokedFor: undefined,
};

/** Rows as one family's history may have them: presented, rotated, and at last perhaps revoked. */
const history = fc.tuple(fc.integer({ min: 0, max: 5 }), fc.boolean()).map(([rotations, isRevoked]) => {
  const rows: Family[] = [];
  for (let generation = 0; generation <= rotations; generation += 1) {
    const row = { ...first, generation, issuedAt: 1_000 * (generation + 1), rotatedAt: generation || undefined };
    rows.push(row, { ...row, presented: true });
  }
  const last = rows.at(-1)!;
  return isRevoked ? [...rows, { ...last, revokedAt: 9_999, revokedFor: "operator" as const }] : rows;
});

test("in whatever order a family's rows are learned, and how often, what is known is the last of them", () => {
  fc.assert(
    fc.property(history, fc.infiniteStream(fc.nat()), (rows, picks) => {
      const live = new LiveFamilies();
      const left = [...rows, ...rows];
      for (const pick of picks) {
        if (left.length === 0) break;
        live.learn(left.splice(pick % left.length, 1)[0]!);
      }
      expect(live.get(first.familyId)).toEqual(rows.at(-1));
    }),
  );
});

test("what was revoked is never live again, whatever is learned later", () => {
  const live = new LiveFamilies();
  live.learn({ ...first, revokedAt: 1, revokedFor: "reuse" });
  live.learn({ ...first, generation: 9 });
  live.learn({ ...first, revokedAt: 2, revokedFor: "operator" });
  expect(live.get(first.familyId)).toMatchObject({ generation: 0, revokedAt: 1, revokedFor: "reuse" });
});

test("listeners hear of changes alone, until they stop listening", () => {
  const live = new LiveFamilies();
  const heard: FamilyChange[] = [];
  const listening = live.onChange((change) => heard.push(change));
  live.learn(first);
  live.learn({ ...first });
  const second = { ...first, generation: 1 };
  live.learn(second);
  live.learn(first);
  listening[Symbol.dispose]();
  live.learn({ ...first, generation: 2 });
  expect(heard).toEqual([
    { now: first, before: undefined },
    { now: second, before: first },
  ]);
});

test("a family is taken back to the store's row, or forgotten, and listeners hear of it", () => {
  const live = new LiveFamilies();
  const second = live.learn({ ...first, generation: 1 });
  const heard: FamilyChange[] = [];
  live.onChange((change) => heard.push(change));
  live.takeBack(second, first);
  expect(live.get(first.familyId)).toBe(first);
  live.takeBack(first, undefined);
  expect(live.size).toBe(0);
  expect(heard).toEqual([
    { now: first, before: second },
    { now: undefined, before: first },
  ]);
});

test("a family that went forward since it was looked at is not taken back", () => {
  const live = new LiveFamilies();
  const seen = live.learn({ ...first, generation: 1 });
  const now = live.learn({ ...first, generation: 2 });
  live.takeBack(seen, first);
  live.takeBack({ ...now }, undefined);
  expect(live.get(first.familyId)).toBe(now);
});

test("a revoked family is never taken back", () => {
  const live = new LiveFamilies();
  const revoked = live.learn({ ...first, revokedAt: 1, revokedFor: "reuse" });
  live.takeBack(revoked, { ...first });
  live.takeBack(revoked, undefined);
  expect(live.get(first.familyId)).toBe(revoked);
});
