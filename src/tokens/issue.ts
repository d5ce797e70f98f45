import type { Audit } from "../core/audit.ts";
import { newFamilyId, type SandboxId } from "../core/ids.ts";
import { tokenIdOf } from "./claims.ts";
import type { FamilyLedger } from "./family-ledger.ts";
import type { Family } from "./family-store.ts";
import type { IssuedToken } from "./issued-token.ts";
import type { Minter } from "./minter.ts";

/** Why a sandbox gets a new family: it was created, started or bootstrapped, or the one that it had is of no use. */
export type IssueCause = "created" | "started" | "bootstrapped" | "renewed";

export interface IssueOptions {
  readonly ledger: FamilyLedger;
  readonly minter: Minter;
  readonly audit: Audit;
}

/**
 * Begins a family and ends the sandbox's others in the same transaction (requirements T1, T3). Signs first and stores
 * second, so that no family is stored whose token nobody could make.
 */
export type Issue = (sandboxId: SandboxId, cause: IssueCause) => Promise<IssuedToken>;

export function createIssue({ ledger, minter, audit }: IssueOptions): Issue {
  return async (sandboxId, cause) => {
    const { stamp, signer } = minter.stamp();
    const family: Family = {
      familyId: newFamilyId(),
      sandboxId,
      generation: 0,
      ...stamp,
      presented: false,
      rotatedAt: undefined,
      revokedAt: undefined,
      revokedFor: undefined,
    };
    const issued = await minter.sign(signer, family);
    await ledger.begin(family);
    audit({
      event: "token.issued",
      principal: "gateway",
      sandboxId,
      reason: cause,
      tokenId: tokenIdOf(family.familyId, 0),
      familyId: family.familyId,
      keyId: stamp.keyId,
    });
    return issued;
  };
}
