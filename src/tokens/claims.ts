import { type FamilyId, parseFamilyId, type SandboxId } from "../core/ids.ts";

/** What one token says (requirement T1), but for the issuer, which is the same for all tokens of a gateway. */
export interface TokenClaims {
  readonly sandboxId: SandboxId;
  readonly familyId: FamilyId;
  readonly generation: number;
  /** Milliseconds since the epoch, whole seconds. */
  readonly issuedAt: number;
  /** Milliseconds since the epoch, whole seconds. */
  readonly expiresAt: number;
}

/** The issuer of a gateway's tokens, and their only audience (requirement T1). */
export const authorityOf = (gatewayId: string): string => `openshell-gateway:${gatewayId}`;

/** The SPIFFE-shaped subject of a sandbox's tokens. */
export const subjectOf = (sandboxId: SandboxId): string => `spiffe://openshell/sandbox/${sandboxId}`;

/** A token's `jti`. */
export const tokenIdOf = (familyId: FamilyId, generation: number): string => `${familyId}.${generation}`;

const generationText = /^(?:0|[1-9][0-9]{0,9})$/;

/** Takes a `jti` apart; undefined where it is not one of ours, in its one spelling. */
export function parseTokenId(text: string): { familyId: FamilyId; generation: number } | undefined {
  const dot = text.indexOf(".");
  const familyId = parseFamilyId(text.slice(0, Math.max(dot, 0)));
  const generation = text.slice(dot + 1);
  return familyId && generationText.test(generation) ? { familyId, generation: Number(generation) } : undefined;
}

/** A time as tokens state it: whole seconds, here still in milliseconds. */
export const wholeSeconds = (ms: number): number => Math.floor(ms / 1000) * 1000;
