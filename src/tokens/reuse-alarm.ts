import type { Audit } from "../core/audit.ts";
import type { Log } from "../core/log.ts";
import type { SandboxPrincipal } from "../core/principal.ts";
import type { FamilyLedger } from "./family-ledger.ts";

export interface ReuseAlarmOptions {
  readonly ledger: FamilyLedger;
  readonly audit: Audit;
  readonly log: Log;
  /** Does a reused token end its family? Where not, the reuse is only audited. */
  readonly revokeOnReuse: boolean;
}

export interface ReuseAlarm {
  /** How often it was raised. */
  readonly raised: number;
  /**
   * Records that a token which had been replaced was used again, and ends its family: somebody has a copy (RFC 9700,
   * section 4.14.2). `stolen` ends it whatever is configured. Never rejects: the token is refused in any case, and where
   * the store is not there the next use raises the alarm again.
   */
  raise(principal: SandboxPrincipal, stolen?: "stolen"): Promise<void>;
}

export function createReuseAlarm({ ledger, audit, log, revokeOnReuse }: ReuseAlarmOptions): ReuseAlarm {
  let raised = 0;
  return {
    get raised() {
      return raised;
    },
    async raise({ sandboxId, credential }, stolen) {
      raised += 1;
      const { familyId, tokenId, keyId } = credential;
      audit({
        event: "token.reused",
        principal: `sandbox:${sandboxId}`,
        sandboxId,
        tokenId,
        familyId,
        keyId,
        ...(stolen && { reason: "token-conflict" }),
      });
      if (!revokeOnReuse && !stolen) return;
      try {
        await ledger.revoke(familyId, "reuse");
      } catch (error) {
        log.error(
          { err: error, family_id: familyId, sandbox_id: sandboxId },
          "a family whose token was reused could not be revoked",
        );
      }
    },
  };
}
