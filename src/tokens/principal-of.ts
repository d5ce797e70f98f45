import type { SandboxPrincipal } from "../core/principal.ts";
import { type TokenClaims, tokenIdOf } from "./claims.ts";

/** Who holds a token that says this and that the key signed. */
export function principalOf(
  { sandboxId, familyId, generation, issuedAt, expiresAt }: TokenClaims,
  keyId: string,
): SandboxPrincipal {
  const tokenId = tokenIdOf(familyId, generation);
  return {
    kind: "sandbox",
    sandboxId,
    credential: { kind: "gateway-token", tokenId, familyId, generation, keyId, issuedAt, expiresAt },
  };
}
