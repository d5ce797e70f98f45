import type { FamilyId, SandboxId } from "../core/ids.ts";

/**
 * A token family as stored: one row for one bootstrap and all that it was refreshed into (architecture, Rotation).
 * The token of generation g has the id `<familyId>.<g>`. Times are milliseconds since the epoch; those that stand in
 * tokens are whole seconds.
 */
export interface Family {
  readonly familyId: FamilyId;
  readonly sandboxId: SandboxId;
  /** Of the current token; every earlier generation is superseded. */
  readonly generation: number;
  readonly keyId: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
  /** Has the current token been presented to any replica? */
  readonly presented: boolean;
  /** When the current token took the place of the one before; undefined in generation 0. */
  readonly rotatedAt: number | undefined;
  readonly revokedAt: number | undefined;
  /** Why, in a word of the closed set. */
  readonly revokedFor: RevocationCause | undefined;
}

export type RevocationCause =
  | "superseded-family"
  | "sandbox-deleted"
  | "sandbox-stopped"
  | "reuse"
  | "operator"
  | "key-revoked";

/** What a rotation writes. */
export interface Successor {
  readonly keyId: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly rotatedAt: number;
}

/**
 * Where families are kept, durably: a promise that resolved has been committed (fsync), so nothing revoked comes back
 * after a crash (requirement T6). Every method rejects with a `Refusal` `store-unavailable` when the store is not there.
 */
export interface FamilyStore {
  /** All families, live and revoked, whose current token expires at `since` or later. */
  load(since: number): Promise<Family[]>;
  find(familyId: FamilyId): Promise<Family | undefined>;
  /** Those of the ids that there are, in no order. */
  findMany(familyIds: readonly FamilyId[]): Promise<Family[]>;
  /** The live (not revoked) families of a sandbox; normally one. */
  ofSandbox(sandboxId: SandboxId): Promise<Family[]>;
  /**
   * Stores a new family in generation 0 and, in the same transaction, revokes all other live families of its sandbox
   * (cause `superseded-family`, at the new one's `issuedAt`). Resolves to those that it revoked. Rejects where the id is
   * taken, and, where sandboxes are stored beside, with a `Refusal`: `sandbox-missing` where there is no such sandbox, and
   * `state-conflict` where it is not to run. So whoever stops or deletes a sandbox and then revokes its families leaves
   * none that lives, whichever replica begins one at the same time (requirement T5).
   */
  begin(family: Family): Promise<Family[]>;
  /**
   * Compare-and-set: where the family is not revoked and its generation is still `expected`, makes the successor
   * current (generation + 1, not presented). Resolves to the row as it is afterwards, and whether this call changed it;
   * undefined where there is no such family.
   */
  rotate(
    familyId: FamilyId,
    expected: number,
    successor: Successor,
  ): Promise<{ family: Family; rotated: boolean } | undefined>;
  /** Records that the current token was presented; a no-op where the generation is another. */
  markPresented(familyId: FamilyId, generation: number): Promise<void>;
  /** Revokes a family; resolves to the row afterwards, undefined where there is none. Revoking twice keeps the first cause. */
  revoke(familyId: FamilyId, cause: RevocationCause, at: number): Promise<Family | undefined>;
  /** Revokes all live families of a sandbox; resolves to those that it revoked. */
  revokeSandbox(sandboxId: SandboxId, cause: RevocationCause, at: number): Promise<Family[]>;
  /** Revokes all live families whose current token the key signed; resolves to those that it revoked. */
  revokeKey(keyId: string, cause: RevocationCause, at: number): Promise<Family[]>;
  /** Forgets families whose current token expired before `before`; resolves to how many. */
  prune(before: number): Promise<number>;
}
