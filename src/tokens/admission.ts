import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import type { SandboxPrincipal } from "../core/principal.ts";
import { accepted, type Reason, refused, type Verdict } from "../core/refusal.ts";
import type { FamilyLedger } from "./family-ledger.ts";
import type { Family } from "./family-store.ts";
import { RecentlyUnknown } from "./recently-unknown.ts";
import type { ReuseAlarm } from "./reuse-alarm.ts";
import { isCurrentToken, standingOf } from "./standing.ts";

/** What a token is presented for: a superseded one is still good for the retry of its refresh, and for nothing else. */
type Purpose = "call" | "refresh";

/**
 * Asks, for a token that was verified, all that may change: is it in its time, and is it the one that its family holds
 * now (requirements T4, T5, T6). To be asked on every call. Answers at once but for the first presentation of a token
 * and for one that memory does not know.
 */
export type Admit = (
  principal: SandboxPrincipal,
  purpose: Purpose,
) => Verdict<SandboxPrincipal> | Promise<Verdict<SandboxPrincipal>>;

export interface AdmissionOptions {
  readonly ledger: FamilyLedger;
  readonly alarm: ReuseAlarm;
  readonly clock: Clock;
  readonly log: Log;
  /** How far clocks may differ. */
  readonly leewayMs: number;
  /** For how long after a rotation the token before is taken for one that was still in flight. */
  readonly graceMs: number;
  /** Whether memory may have missed revocations for too long (requirement T6); cheap, as it is asked for every call. */
  readonly isBlind: () => boolean;
}

type Judgement = "good" | "first-presentation" | "unknown-here" | Reason;

export function createAdmission({ ledger, alarm, clock, log, leewayMs, graceMs, isBlind }: AdmissionOptions): Admit {
  const unknown = new RecentlyUnknown(clock);

  function judge(family: Family | undefined, principal: SandboxPrincipal, purpose: Purpose): Judgement {
    const { credential } = principal;
    if (!family) return "unknown-here";
    if (family.sandboxId !== principal.sandboxId) return "token-unknown";
    if (family.revokedAt !== undefined) return "token-revoked";
    const standing = standingOf(credential.generation, family);
    if (standing === "ahead") return "unknown-here";
    if (standing === "current") {
      if (!isCurrentToken(principal, family)) return "token-unknown";
      // A rotation is itself the record that its token was presented, and one commit is cheaper than two.
      return family.presented || purpose === "refresh" ? "good" : "first-presentation";
    }
    if (purpose === "refresh") return standing === "previous" ? "good" : "token-reused";
    const wasInFlight = clock.now() - (family.rotatedAt ?? 0) < graceMs;
    const wasReplaced = standing === "older" || family.presented;
    return wasReplaced && !wasInFlight ? "token-reused" : "token-superseded";
  }

  /** The judgements that need the store, or change something. */
  async function settle(
    principal: SandboxPrincipal,
    purpose: Purpose,
    first: Judgement,
  ): Promise<Verdict<SandboxPrincipal>> {
    const { familyId, tokenId } = principal.credential;
    let judgement = first;
    try {
      if (judgement === "unknown-here") {
        if (unknown.has(tokenId)) return refused("token-unknown");
        judgement = judge(await ledger.find(familyId), principal, purpose);
        if (judgement === "unknown-here") unknown.add(tokenId);
      }
      if (judgement === "first-presentation") {
        const family = ledger.live.get(familyId);
        if (family) await ledger.markPresented(family);
        judgement = judge(ledger.live.get(familyId), principal, purpose);
      }
    } catch (error) {
      log.warn({ err: error, family_id: familyId }, "the store does not say whether a token is still good");
      return refused("revocations-unknown");
    }
    if (judgement === "token-reused") await alarm.raise(principal);
    // The store may have been waited for until nobody knew any more whether the family was revoked meanwhile.
    if (isBlind()) return refused("revocations-unknown");
    if (judgement === "good") return accepted(principal);
    return refused(judgement === "unknown-here" || judgement === "first-presentation" ? "token-unknown" : judgement);
  }

  return (principal, purpose) => {
    const { issuedAt, expiresAt, familyId } = principal.credential;
    const now = clock.now();
    if (expiresAt + leewayMs <= now) return refused("token-expired");
    if (issuedAt - leewayMs > now) return refused("token-not-yet-valid");
    if (isBlind()) return refused("revocations-unknown");
    const judgement = judge(ledger.live.get(familyId), principal, purpose);
    switch (judgement) {
      case "good":
        return accepted(principal);
      case "first-presentation":
      case "unknown-here":
      case "token-reused":
        return settle(principal, purpose, judgement);
      default:
        return refused(judgement);
    }
  };
}
