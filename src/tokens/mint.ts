import { Refusal } from "../core/refusal.ts";
import { Secret } from "../core/secret.ts";
import type { TokenClaims } from "./claims.ts";
import { signedText } from "./signed-text.ts";
import type { Signer } from "./signer.ts";

/**
 * Signs a token (requirement T1). Its text is fixed and Ed25519 is deterministic: the same claims, key and authority give
 * the same token to the byte, on any replica.
 * @throws Refusal `keys-missing` (try again) where the signer fails.
 */
export async function mint(signer: Signer, authority: string, claims: TokenClaims): Promise<Secret> {
  const signed = signedText(signer.keyId, authority, claims);
  const signature = await sign(signer, Buffer.from(signed, "latin1"));
  return new Secret(`${signed}.${Buffer.from(signature).toString("base64url")}`);
}

async function sign(signer: Signer, bytes: Uint8Array): Promise<Uint8Array> {
  try {
    return await signer.sign(bytes);
  } catch (cause) {
    throw new Refusal("keys-missing", { cause });
  }
}
