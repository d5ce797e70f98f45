import { newFamilyId, newSandboxId, type SandboxId } from "../../src/core/ids.ts";
import type { SandboxPrincipal, UserPrincipal } from "../../src/core/principal.ts";

/** A sandbox as the authenticator would describe it. */
export function sandboxPrincipal(sandboxId: SandboxId = newSandboxId()): SandboxPrincipal {
  const familyId = newFamilyId();
  return {
    kind: "sandbox",
    sandboxId,
    credential: {
      kind: "gateway-token",
      tokenId: `${familyId}.0`,
      familyId,
      generation: 0,
      keyId: "0123456789abcdef0123456789abcdef",
      issuedAt: Date.UTC(2026, 0, 1),
      expiresAt: Date.UTC(2026, 0, 1, 1),
    },
  };
}

/** A user with these roles and scopes. */
export function userPrincipal({ roles = ["openshell-admin"], scopes = ["openshell:all"] } = {}): UserPrincipal {
  return {
    kind: "user",
    provider: "oidc",
    issuer: "https://idp.example",
    subject: "ada",
    displayName: "Ada",
    roles: new Set(roles),
    scopes: new Set(scopes),
  };
}
