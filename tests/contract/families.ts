import { newFamilyId, newSandboxId } from "../../src/core/ids.ts";
import type { Store } from "../../src/store/index.ts";
import type { Family, Successor } from "../../src/tokens/index.ts";
import { newSandbox } from "./sandboxes.ts";

/** A family that has just begun, and lives for an hour. */
export const newFamily = (over: Partial<Family> = {}): Family => ({
  ...{ familyId: newFamilyId(), sandboxId: newSandboxId(), generation: 0, keyId: "k", presented: false },
  ...{ issuedAt: Date.now(), expiresAt: Date.now() + 3_600_000 },
  ...{ rotatedAt: undefined, revokedAt: undefined, revokedFor: undefined },
  ...over,
});

/** A family that has not begun, of a sandbox that is there and is to run. */
export async function familyToBegin(store: Store, over: Partial<Family> = {}): Promise<Family> {
  const family = newFamily(over);
  await store.sandboxes.insert(newSandbox({ id: family.sandboxId }));
  return family;
}

/** A family that has begun, of a sandbox that is there. */
export async function beginFamily(store: Store, over: Partial<Family> = {}): Promise<Family> {
  const family = await familyToBegin(store, over);
  await store.families.begin(family);
  return family;
}

/** What a family is rotated into. */
export const newSuccessor = (keyId = "k"): Successor => ({
  ...{ keyId, issuedAt: Date.now(), expiresAt: Date.now() + 3_600_000, rotatedAt: Date.now() },
});
