import { Refusal } from "../core/refusal.ts";
import { Secret } from "../core/secret.ts";
import { subjectOf, type TokenClaims, tokenIdOf } from "./claims.ts";
import type { Signer } from "./signer.ts";

/**
 * Signs a token (requirement T1). Members have a fixed order and Ed25519 is deterministic: the same claims, key and
 * authority give the same token to the byte, on any replica.
 * @throws Refusal `keys-missing` (try again) where the signer fails.
 */
export async function mint(signer: Signer, authority: string, claims: TokenClaims): Promise<Secret> {
  const payload = {
    iss: authority,
    aud: authority,
    sub: subjectOf(claims.sandboxId),
    sandbox_id: claims.sandboxId,
    iat: claims.issuedAt / 1000,
    exp: claims.expiresAt / 1000,
    jti: tokenIdOf(claims.familyId, claims.generation),
  };
  const signed = `${headerOf(signer)}.${encode(payload)}`;
  const signature = await sign(signer, Buffer.from(signed, "latin1"));
  return new Secret(`${signed}.${Buffer.from(signature).toString("base64url")}`);
}

const headers = new WeakMap<Signer, string>();

function headerOf(signer: Signer): string {
  const known = headers.get(signer);
  if (known !== undefined) return known;
  const header = encode({ alg: "EdDSA", typ: "JWT", kid: signer.keyId });
  headers.set(signer, header);
  return header;
}

const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString("base64url");

async function sign(signer: Signer, bytes: Uint8Array): Promise<Uint8Array> {
  try {
    return await signer.sign(bytes);
  } catch (cause) {
    throw new Refusal("keys-missing", { cause });
  }
}
