import { createPrivateKey, createPublicKey } from "node:crypto";
import { createKeyRing, createSigner, type KeyRing } from "../../src/tokens/index.ts";

/** How all gateways here are named in their tokens. */
export const gatewayId = "openshell";

/** A ring of one key, from PEM. */
export function ringOf(signingKey: string): KeyRing {
  const privateKey = createPrivateKey(signingKey);
  const signer = createSigner(privateKey);
  return createKeyRing([{ keyId: signer.keyId, state: "active", publicKey: createPublicKey(privateKey), signer }]);
}
