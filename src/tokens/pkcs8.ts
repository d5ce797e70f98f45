import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";

const label = "PRIVATE KEY";
const armoured = new RegExp(`^-----BEGIN ${label}-----\\s([A-Za-z0-9+/=\\s]+)-----END ${label}-----\\s*$`);

/** PrivateKeyInfo of version 0, algorithm Ed25519, up to the 32 bytes of the seed (RFC 8410, section 7). */
const versionOne = Buffer.from("302e020100300506032b657004220420", "hex");
/** The same for OneAsymmetricKey (RFC 5958), version 1, which goes on behind the seed with the public key. */
const versionTwo = Buffer.from("3051020101300506032b657004220420", "hex");
const versionTwoConstructed = Buffer.from("3053020101300506032b657004220420", "hex");
/** How the public key is introduced there: an implicit BIT STRING, as the standard has it, or one wrapped, as seen. */
const publicKeyPrefixes = new Map([
  [versionTwo, Buffer.from("812100", "hex")],
  [versionTwoConstructed, Buffer.from("a123032100", "hex")],
]);

/**
 * Reads an Ed25519 private key from PKCS#8 PEM, with or without its public key inside. OpenSSL 3.0 refuses the second
 * form, and installations that were set up by others have it; hence read by hand: the few shapes that there are.
 * @throws Error that says what is wrong, without a byte of the key.
 */
export function readPrivateKey(pem: string): KeyObject {
  const base64 = armoured.exec(pem.trim())?.[1];
  if (base64 === undefined) throw new Error(`not a PEM file with one "${label}"`);
  const der = Buffer.from(base64, "base64");
  const seedEnd = versionOne.length + 32;
  const seed = der.subarray(versionOne.length, seedEnd);
  const privateKey = () => createPrivateKey({ key: Buffer.concat([versionOne, seed]), format: "der", type: "pkcs8" });

  if (der.length === seedEnd && der.subarray(0, versionOne.length).equals(versionOne)) return privateKey();
  for (const [head, prefix] of publicKeyPrefixes) {
    const publicStart = seedEnd + prefix.length;
    const isShape =
      der.length === publicStart + 32 &&
      der.subarray(0, head.length).equals(head) &&
      der.subarray(seedEnd, publicStart).equals(prefix);
    if (!isShape) continue;
    const key = privateKey();
    if (!rawPublicKey(createPublicKey(key)).equals(der.subarray(publicStart))) {
      throw new Error("the public key inside is not that of the private key");
    }
    return key;
  }
  throw new Error("not an Ed25519 key in PKCS#8");
}

/** The 32 bytes of an Ed25519 public key (RFC 8032). */
export function rawPublicKey(publicKey: KeyObject): Buffer {
  return publicKey.export({ format: "der", type: "spki" }).subarray(-32);
}
