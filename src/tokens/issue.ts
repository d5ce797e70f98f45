import type { Audit } from "../core/audit.ts";
import { newFamilyId, type SandboxId } from "../core/ids.ts";
import { Refusal } from "../core/refusal.ts";
import { tokenIdOf } from "./claims.ts";
import type { FamilyLedger } from "./family-ledger.ts";
import type { Family } from "./family-store.ts";
import type { IssuedToken } from "./issued-token.ts";
import type { Minter } from "./minter.ts";
import type { RateLimit } from "./rate-limit.ts";

/** Why a sandbox gets a new family: it was created, started or bootstrapped, or the one that it had is of no use. */
export type IssueCause = "created" | "started" | "bootstrapped" | "renewed";

export interface IssueOptions {
  readonly ledger: FamilyLedger;
  readonly minter: Minter;
  readonly limit: RateLimit<SandboxId>;
  readonly audit: Audit;
}

/** Causes that a sandbox can bring about by itself, as often as it likes; the others are acts of people (requirement T9). */
const limited: ReadonlySet<IssueCause> = new Set(["bootstrapped", "renewed"]);

/**
 * Begins a family and ends the sandbox's others in the same transaction (requirements T1, T3). Signs first and stores
 * second, so that no family is stored whose token nobody could make.
 * @throws Refusal `rate-limited` with the time to wait, where a sandbox bootstraps or is renewed too often;
 * `store-unavailable` or `keys-missing`.
 */
export type Issue = (sandboxId: SandboxId, cause: IssueCause) => Promise<IssuedToken>;

export function createIssue({ ledger, minter, limit, audit }: IssueOptions): Issue {
  function spend(sandboxId: SandboxId): void {
    const ruling = limit.take(sandboxId);
    if (ruling.allowed) return;
    const reason = "rate-limited";
    if (ruling.first) audit({ event: "token.refused", principal: `sandbox:${sandboxId}`, sandboxId, reason });
    throw new Refusal(reason, { retryAfterMs: ruling.retryAfterMs });
  }

  return async (sandboxId, cause) => {
    if (limited.has(cause)) spend(sandboxId);
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
