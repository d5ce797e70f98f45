import { verify as verifySignature } from "node:crypto";
import type { SandboxPrincipal } from "../core/principal.ts";
import { accepted, refused, type Verdict } from "../core/refusal.ts";
import type { KeyRing } from "./key-ring.ts";
import { principalOf } from "./principal-of.ts";
import { readClaims } from "./read-claims.ts";
import { signedText } from "./signed-text.ts";

/** A token that was taken apart and found to be in its one spelling; nothing in it is believed yet. */
export interface UnverifiedToken {
  readonly keyId: string;
  /** Header and payload as presented, with the dot between them: what the signature is over. */
  readonly signed: string;
  readonly signature: Uint8Array;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** Checks all of a token that never changes; the result may be kept, and asked of admission every time. */
export type Verify = (token: UnverifiedToken) => Verdict<SandboxPrincipal>;

/**
 * Verifies signature and claims (requirement A2). The algorithm is that of the key, never what the token says (RFC 8725,
 * section 3.1). OpenSSL's Ed25519 does what is asked here: it takes 64 bytes with S below the group's order and nothing
 * else (RFC 8032, section 5.1.7; A-23), so that a JOSE library would add only leniency to be taken away again.
 * What was signed must be the very text that minting these claims gives.
 */
export function createVerify(keys: KeyRing, authority: string): Verify {
  return ({ keyId, signed, signature, payload }) => {
    const key = keys.find(keyId);
    if (!key || !verifySignature(null, Buffer.from(signed, "latin1"), key.publicKey, signature)) {
      return refused("token-signature");
    }
    const claims = readClaims(payload, authority);
    if (!claims || signedText(keyId, authority, claims) !== signed) return refused("token-claims");
    return accepted(principalOf(claims, keyId));
  };
}
