import { createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { Secret } from "../core/secret.ts";
import { isKeyId, keyIdOf } from "./key-id.ts";
import { rawPublicKey, readPrivateKey } from "./pkcs8.ts";

/** A signing key as files hold it: `signing.pem` (PKCS#8), `public.pem` (SubjectPublicKeyInfo) and `kid`. */
export interface SigningKeyFiles {
  readonly signing: Secret;
  readonly public: string;
  readonly keyId: string;
}

/** A signing key that was read and found consistent. */
export interface SigningKey {
  readonly keyId: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** The names that the three parts have in a directory and in a Kubernetes Secret. */
export const signingKeyFileNames = { signing: "signing.pem", public: "public.pem", keyId: "kid" } as const;

/** Makes a new Ed25519 key, its id derived from the public half. */
export function generateSigningKey(): SigningKeyFiles {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519", {
    privateKeyEncoding: { format: "pem", type: "pkcs8" },
    publicKeyEncoding: { format: "pem", type: "spki" },
  });
  return { signing: new Secret(privateKey), public: publicKey, keyId: keyIdOf(createPublicKey(publicKey)) };
}

/**
 * Reads a signing key and checks that its parts belong together. The id may be any stable one that fits a token's
 * header, as an installation that was taken over keeps its own.
 * @throws Error that names the part and what is wrong with it, without a byte of the private key.
 */
export function readSigningKey(files: SigningKeyFiles): SigningKey {
  const keyId = files.keyId.trim();
  if (!isKeyId(keyId)) throw new Error("kid: expected 1 to 64 characters of A-Z, a-z, 0-9, '.', '_' and '-'");
  const privateKey = part("signing.pem", () => readPrivateKey(files.signing.reveal()));
  const publicKey = part("public.pem", () => readPublicKey(files.public));
  if (!rawPublicKey(createPublicKey(privateKey)).equals(rawPublicKey(publicKey))) {
    throw new Error("public.pem: not the public half of signing.pem");
  }
  return { keyId, privateKey, publicKey };
}

/** Reads the public half alone. @throws Error that says what is wrong with it. */
export function readPublicKey(pem: string): KeyObject {
  // createPublicKey takes a private key too, and derives; only a public one belongs into this file.
  if (!pem.trim().startsWith("-----BEGIN PUBLIC KEY-----")) throw new Error(`not a PEM file with one "PUBLIC KEY"`);
  const key = createPublicKey({ key: pem, format: "pem", type: "spki" });
  if (key.asymmetricKeyType !== "ed25519") throw new Error("not an Ed25519 key");
  return key;
}

function part<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    const says = cause instanceof Error ? cause.message : "cannot be read";
    throw new Error(`${name}: ${says}`, { cause });
  }
}
