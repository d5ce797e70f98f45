import type { Family } from "../../../src/tokens/index.ts";
import { partsOf } from "../../support/tokens.ts";

export const leewayMs = 5_000;
const graceMs = 10_000;
/** By how much one replica's clock is ahead of the other's. */
export const aheadMs = 1_500;

export interface Judgement {
  /** The token's family, where it lives. */
  readonly family: Family | undefined;
  /** Is it what its family has as current? */
  readonly isCurrent: boolean;
  /** Is it in its time, and not so near to an end of it that the replicas may differ? */
  readonly isInTime: boolean;
  /** What has to become of a refresh with it. */
  readonly refresh: "answered" | "refused" | "either";
}

/** What the rules of rotation say of a token, given the live families of its sandbox as the store has them. */
export function judge(text: string, families: readonly Family[], now: number, conflict: boolean): Judgement {
  const { familyId, generation, keyId, issuedAt, expiresAt } = claimsOf(text);
  const isInTime = expiresAt + leewayMs > now + aheadMs && issuedAt - leewayMs <= now;
  const family = families.find((one) => one.familyId === familyId);
  if (!family) return { family, isCurrent: false, isInTime, refresh: "refused" };

  const isSame = family.keyId === keyId && family.issuedAt === issuedAt && family.expiresAt === expiresAt;
  const isCurrent = family.generation === generation && isSame;
  const judged = { family, isCurrent, isInTime };
  if (!isInTime) return { ...judged, refresh: "either" };
  if (isCurrent) return { ...judged, refresh: "answered" };
  if (family.generation !== generation + 1) return { ...judged, refresh: "refused" };
  if (!family.presented) return { ...judged, refresh: "answered" };
  const age = now - (family.rotatedAt ?? 0);
  if (conflict || age > graceMs + aheadMs) return { ...judged, refresh: "refused" };
  return { ...judged, refresh: Math.abs(age - graceMs) <= aheadMs ? "either" : "answered" };
}

/**
 * Are there two among the answers to one token that could live on side by side? A successor that ran out is itself
 * replaced, and replicas whose clocks differ may disagree for a moment whether it has; then one follows from the other.
 */
export function haveTwoLives(answers: readonly string[], now: number): boolean {
  const claims = answers.map(claimsOf).sort((a, b) => b.generation - a.generation);
  const [latest, ...earlier] = claims;
  return earlier.some(
    ({ familyId, generation, expiresAt }) =>
      familyId !== latest?.familyId || generation === latest?.generation || expiresAt > now + aheadMs,
  );
}

function claimsOf(text: string) {
  const { header, payload } = partsOf(text);
  const [familyId, generation] = String(payload["jti"]).split(".");
  return {
    ...{ familyId, generation: Number(generation), keyId: header["kid"] },
    ...{ issuedAt: Number(payload["iat"]) * 1_000, expiresAt: Number(payload["exp"]) * 1_000 },
  };
}
