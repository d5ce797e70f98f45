import { subjectOf, type TokenClaims, tokenIdOf } from "./claims.ts";

/**
 * What is signed of a token (requirement T1): header and payload, with the dot between them. Members have a fixed order,
 * so that the same key id, authority and claims have one text, which is minted and nothing else is taken for it.
 */
export function signedText(keyId: string, authority: string, claims: TokenClaims): string {
  const payload = {
    iss: authority,
    aud: authority,
    sub: subjectOf(claims.sandboxId),
    sandbox_id: claims.sandboxId,
    iat: claims.issuedAt / 1000,
    exp: claims.expiresAt / 1000,
    jti: tokenIdOf(claims.familyId, claims.generation),
  };
  return `${headerOf(keyId)}.${encode(payload)}`;
}

/** The last one made: nearly all tokens name the same key. */
let last = { keyId: "", header: "" };

function headerOf(keyId: string): string {
  if (last.keyId !== keyId) last = { keyId, header: encode({ alg: "EdDSA", typ: "JWT", kid: keyId }) };
  return last.header;
}

const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString("base64url");
