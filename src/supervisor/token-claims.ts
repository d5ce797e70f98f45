import type { Secret } from "../core/secret.ts";

/** What a token says of itself. The supervisor holds no key to verify it with, so nothing here grants anything. */
export interface TokenClaims {
  /** The payload as it stands. */
  readonly payload: Readonly<Record<string, unknown>>;
  /** Milliseconds since the epoch; undefined where the token names no expiry (a missing `exp` or 0). */
  readonly expiresAt: number | undefined;
  /** The family and generation of a gateway-minted token, out of its `jti`. */
  readonly lineage: { readonly family: string; readonly generation: number } | undefined;
}

const jti = /^(?<family>.+)\.(?<generation>\d{1,15})$/;

/** Reads the payload of a compact JWT, unverified; undefined for what is not one. */
export function readClaims(token: Secret): TokenClaims | undefined {
  const payload = decodePayload(token.reveal().split(".")[1]);
  if (!payload) return undefined;
  const { exp, jti: id } = payload;
  const match = typeof id === "string" ? jti.exec(id)?.groups : undefined;
  return {
    payload,
    expiresAt: typeof exp === "number" && Number.isFinite(exp) && exp > 0 ? exp * 1000 : undefined,
    lineage: match?.["family"] ? { family: match["family"], generation: Number(match["generation"]) } : undefined,
  };
}

/** Are both tokens of one family, as far as they say? */
export function sameFamily(one: Secret, other: Secret): boolean {
  const family = readClaims(one)?.lineage?.family;
  return family !== undefined && family === readClaims(other)?.lineage?.family;
}

/** Is `candidate` another token than `held`, and not an earlier one of the same family? */
export function supersedes(candidate: Secret, held: Secret): boolean {
  if (candidate.equals(held)) return false;
  const [theirs, ours] = [readClaims(candidate)?.lineage, readClaims(held)?.lineage];
  return !theirs || !ours || theirs.family !== ours.family || theirs.generation > ours.generation;
}

function decodePayload(segment: string | undefined): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(segment ?? "", "base64url").toString("utf8"));
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
