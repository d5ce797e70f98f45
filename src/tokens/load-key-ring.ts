import { readFile } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { Secret } from "../core/secret.ts";
import { createKeyRing, type KeyRing } from "./key-ring.ts";
import { createSigner } from "./signer.ts";
import { readSigningKey } from "./signing-key.ts";

/** The paths of the three files of one key. */
export interface SigningKeyPaths {
  readonly signing: string;
  readonly public: string;
  readonly keyId: string;
}

/**
 * Loads the ring of one active key from its three files (requirement T2).
 * @throws Error that names the directory and what is missing or wrong, without a byte of the private key.
 */
export async function loadKeyRing(paths: SigningKeyPaths): Promise<KeyRing> {
  const directory = dirname(paths.signing);
  const [signing, publicPem, keyId] = await Promise.all([paths.signing, paths.public, paths.keyId].map(readIfThere));
  if (signing === undefined || publicPem === undefined || keyId === undefined) {
    const there = { [paths.signing]: signing, [paths.public]: publicPem, [paths.keyId]: keyId };
    const missing = Object.keys(there).filter((path) => there[path] === undefined);
    throw new Error(
      `${directory}: the signing key is incomplete, ${missing.map((path) => basename(path)).join(" and ")} missing`,
    );
  }
  try {
    const key = readSigningKey({ signing: new Secret(signing), public: publicPem, keyId });
    const signer = createSigner(key.privateKey, key.keyId);
    return createKeyRing([{ keyId: key.keyId, state: "active", publicKey: key.publicKey, signer }]);
  } catch (cause) {
    throw new Error(`${directory}: ${cause instanceof Error ? cause.message : "the signing key is no good"}`, {
      cause,
    });
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (thrown) {
    if (thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT") return undefined;
    throw thrown;
  }
}
