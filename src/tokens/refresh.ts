import type { Audit } from "../core/audit.ts";
import type { Clock } from "../core/clock.ts";
import type { FamilyId } from "../core/ids.ts";
import type { SandboxPrincipal } from "../core/principal.ts";
import { Refusal } from "../core/refusal.ts";
import { tokenIdOf } from "./claims.ts";
import type { Deliveries } from "./deliveries.ts";
import type { FamilyLedger } from "./family-ledger.ts";
import type { Family } from "./family-store.ts";
import type { IssuedToken } from "./issued-token.ts";
import type { Minter } from "./minter.ts";
import type { RateLimit } from "./rate-limit.ts";
import type { ReuseAlarm } from "./reuse-alarm.ts";
import { Shared } from "./shared.ts";
import { isCurrentToken, standingOf } from "./standing.ts";

/**
 * The request metadata by which a supervisor says that its token was superseded although it had asked for no refresh;
 * any value but an empty one says so.
 */
export const tokenConflictMetadata = "openshell-token-conflict";

export interface RefreshOptions {
  readonly ledger: FamilyLedger;
  readonly minter: Minter;
  readonly deliveries: Deliveries;
  readonly alarm: ReuseAlarm;
  readonly limit: RateLimit<FamilyId>;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly leewayMs: number;
  /** For how long after a rotation the token before gets the successor though that was presented. */
  readonly graceMs: number;
}

interface RefreshRequest {
  /** Did the caller send {@link tokenConflictMetadata}? */
  readonly conflict: boolean;
}

/**
 * Answers a token with its successor (requirement T4; architecture, Rotation): sign first, store second, deliver third,
 * answer last, so that a failure at any point leaves the caller with a token that can still refresh. Callers that present
 * one token at the same time share one answer, and count as one against their family's limit.
 * @throws Refusal `token-reused`, `token-revoked`, `token-expired` or `token-unknown`; `store-unavailable` or
 * `keys-missing` where the caller should try again, `rate-limited` where it should wait before it does (T9).
 */
export type Refresh = (principal: SandboxPrincipal, request: RefreshRequest) => Promise<IssuedToken>;

/** What a refresh came to: a new generation, or the one that is there already. */
interface Outcome {
  readonly event: "token.refreshed" | "token.replayed";
  readonly family: Family;
  readonly issued: IssuedToken;
}

export function createRefresh({
  ledger,
  minter,
  deliveries,
  alarm,
  limit,
  audit,
  clock,
  leewayMs,
  graceMs,
}: RefreshOptions): Refresh {
  const running = new Shared<string, IssuedToken>();

  /** Puts a successor in the place of the family's current token. `issued` is undefined where somebody else was faster. */
  async function supersede(family: Family): Promise<{ family: Family | undefined; issued?: IssuedToken }> {
    const { stamp, signer } = minter.stamp();
    const successor = { ...family, ...stamp, generation: family.generation + 1 };
    const issued = await minter.sign(signer, successor);
    const rotation = await ledger.rotate(family, { ...stamp, rotatedAt: clock.now() });
    return rotation?.rotated ? { family: successor, issued } : { family: rotation?.family };
  }

  /** The successor that is stored, for a caller that may not have got it. */
  async function replay(family: Family): Promise<Outcome> {
    const issued = await minter.again(family);
    if (issued) return { event: "token.replayed", family, issued };
    // Nobody can use the stored successor any more: its key was withdrawn, or it ran out, as it was made for a shorter
    // life than the token before. A new one takes its place.
    const replacement = await supersede(family);
    if (!replacement.family) throw new Refusal("token-unknown");
    if (replacement.issued) return { event: "token.refreshed", family: replacement.family, issued: replacement.issued };
    const isReplaced = replacement.family.generation === family.generation + 1;
    const same = isReplaced && replacement.family.revokedAt === undefined && (await minter.again(replacement.family));
    if (!same) throw new Refusal("token-revoked");
    return { event: "token.replayed", family: replacement.family, issued: same };
  }

  async function reused(principal: SandboxPrincipal, stolen?: "stolen"): Promise<never> {
    await alarm.raise(principal, stolen);
    throw new Refusal("token-reused");
  }

  async function decide(principal: SandboxPrincipal, { conflict }: RefreshRequest): Promise<Outcome> {
    const { familyId, generation } = principal.credential;
    let family = ledger.live.get(familyId);
    // What memory says is enough to try a compare-and-set; every other answer is given on what the store says.
    let isStored = false;
    for (;;) {
      if (!family || (!isStored && standingOf(generation, family) !== "current")) {
        family = await ledger.find(familyId);
        isStored = true;
      }
      if (!family || family.sandboxId !== principal.sandboxId) throw new Refusal("token-unknown");
      if (family.revokedAt !== undefined) throw new Refusal("token-revoked");
      switch (standingOf(generation, family)) {
        case "ahead":
          throw new Refusal("token-unknown");
        case "older":
          return reused(principal);
        case "previous":
          if (conflict && family.presented) return reused(principal, "stolen");
          if (family.presented && clock.now() - (family.rotatedAt ?? 0) >= graceMs) return reused(principal);
          return replay(family);
        case "current": {
          if (!isCurrentToken(principal, family)) throw new Refusal("token-unknown");
          const { family: now, issued } = await supersede(family);
          if (now && issued) return { event: "token.refreshed", family: now, issued };
          if (!now) throw new Refusal("token-unknown");
          family = now;
          isStored = true;
        }
      }
    }
  }

  /** Takes one refresh of what the family may have; a storm is audited once. */
  function spend({ sandboxId, credential: { familyId, tokenId, keyId } }: SandboxPrincipal): void {
    const ruling = limit.take(familyId);
    if (ruling.allowed) return;
    const { retryAfterMs, first } = ruling;
    const reason = "rate-limited";
    if (first) {
      audit({ event: "token.refused", principal: `sandbox:${sandboxId}`, sandboxId, reason, tokenId, familyId, keyId });
    }
    throw new Refusal(reason, { retryAfterMs });
  }

  async function refresh(principal: SandboxPrincipal, request: RefreshRequest): Promise<IssuedToken> {
    const { sandboxId, credential } = principal;
    if (credential.expiresAt + leewayMs <= clock.now()) throw new Refusal("token-expired");
    spend(principal);
    const { event, family, issued } = await decide(principal, request);
    const { familyId, keyId } = family;
    const tokenId = tokenIdOf(familyId, family.generation);
    audit({ event, principal: `sandbox:${sandboxId}`, sandboxId, tokenId, familyId, keyId });
    await deliveries.follow(family, issued.token);
    return issued;
  }

  return (principal, request) =>
    running.run(`${principal.credential.tokenId} ${request.conflict}`, () => refresh(principal, request));
}
