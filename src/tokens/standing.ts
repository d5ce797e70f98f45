import type { SandboxPrincipal } from "../core/principal.ts";
import type { Family } from "./family-store.ts";

/** How a token stands to its family's current one. */
export type Standing = "current" | "previous" | "older" | "ahead";

export function standingOf(generation: number, family: Family): Standing {
  const behind = family.generation - generation;
  if (behind < 0) return "ahead";
  return behind === 0 ? "current" : behind === 1 ? "previous" : "older";
}

/** Whether a token is the very one that the row describes, not another that shares its id (a restored store has such). */
export function isCurrentToken({ sandboxId, credential }: SandboxPrincipal, family: Family): boolean {
  return family.sandboxId === sandboxId && isSameToken(credential, family);
}

type TokenClaims = Pick<Family, "familyId" | "generation" | "keyId" | "issuedAt" | "expiresAt">;

/** Whether two things of one sandbox speak of the same token. */
export function isSameToken(a: TokenClaims, b: TokenClaims): boolean {
  return (
    a.familyId === b.familyId &&
    a.generation === b.generation &&
    a.keyId === b.keyId &&
    a.issuedAt === b.issuedAt &&
    a.expiresAt === b.expiresAt
  );
}
