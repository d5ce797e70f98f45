import { createPublicKey, type KeyObject, sign } from "node:crypto";
import { keyIdOf } from "./key-id.ts";

/**
 * Makes Ed25519 signatures (RFC 8032). Behind this interface the key may live in this process or in a key management
 * service. Signatures must be deterministic, as RFC 8032 has them: a token is signed again where its answer was lost,
 * and must come out the same.
 */
export interface Signer {
  readonly keyId: string;
  sign(bytes: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

/** A signer whose key is in this process. */
export function createSigner(privateKey: KeyObject, keyId: string = keyIdOf(createPublicKey(privateKey))): Signer {
  return { keyId, sign: (bytes) => sign(null, bytes, privateKey) };
}
