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
  return (
    family.sandboxId === sandboxId &&
    family.generation === credential.generation &&
    family.keyId === credential.keyId &&
    family.issuedAt === credential.issuedAt &&
    family.expiresAt === credential.expiresAt
  );
}
