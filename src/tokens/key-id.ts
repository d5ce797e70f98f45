import { hash, type KeyObject } from "node:crypto";

/** A public key's id: the first 16 bytes of SHA-256 of its SubjectPublicKeyInfo, 32 lower-case hex characters. */
export function keyIdOf(publicKey: KeyObject): string {
  return hash("sha256", publicKey.export({ format: "der", type: "spki" }), "hex").slice(0, 32);
}

const keyId = /^[A-Za-z0-9._-]{1,64}$/;

/** Whether a text can be a key id. An installation that was taken over keeps the ids that it has. */
export const isKeyId = (text: string): boolean => keyId.test(text);
