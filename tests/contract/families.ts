import { newFamilyId, newSandboxId } from "../../src/core/ids.ts";
import type { Family, Successor } from "../../src/tokens/index.ts";

/** A family that has just begun, and lives for an hour. */
export const newFamily = (over: Partial<Family> = {}): Family => ({
  ...{ familyId: newFamilyId(), sandboxId: newSandboxId(), generation: 0, keyId: "k", presented: false },
  ...{ issuedAt: Date.now(), expiresAt: Date.now() + 3_600_000 },
  ...{ rotatedAt: undefined, revokedAt: undefined, revokedFor: undefined },
  ...over,
});

/** What a family is rotated into. */
export const newSuccessor = (keyId = "k"): Successor => ({
  ...{ keyId, issuedAt: Date.now(), expiresAt: Date.now() + 3_600_000, rotatedAt: Date.now() },
});
