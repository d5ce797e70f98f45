import { lstat } from "node:fs/promises";
import { join } from "node:path";
import { signingKeyFileNames } from "../signing-key.ts";

/** Files that are of use only together. Paths are relative to the output directory. */
export interface FileSet {
  readonly name: string;
  readonly paths: readonly string[];
}

const { signing, public: publicKey, keyId } = signingKeyFileNames;

export const signingKeySet: FileSet = {
  name: "JWT signing key",
  paths: [`jwt/${signing}`, `jwt/${publicKey}`, `jwt/${keyId}`],
};

export const certificateSet: FileSet = {
  name: "TLS certificates",
  paths: ["ca.crt", "server/tls.crt", "server/tls.key", "client/tls.crt", "client/tls.key"],
};

/**
 * Is the whole set there, or nothing of it?
 * @throws Error that names what is missing where only a part is there: to fill the gap would make files that do not
 * belong together.
 */
export async function isPresent(directory: string, set: FileSet): Promise<boolean> {
  const there = await Promise.all(set.paths.map((path) => exists(join(directory, path))));
  const missing = set.paths.filter((_path, at) => !there[at]);
  if (missing.length === 0) return true;
  if (missing.length === set.paths.length) return false;
  const rest = set.paths.filter((path) => !missing.includes(path));
  throw new Error(
    `${directory}: the ${set.name} set is incomplete, ${list(missing)} missing; bring back what is missing, or move ` +
      `${rest.join(", ")} away to have all made anew`,
  );
}

const list = (paths: readonly string[]): string => `${paths.join(", ")} ${paths.length === 1 ? "is" : "are"}`;

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (thrown) {
    if (thrown instanceof Error && "code" in thrown && (thrown.code === "ENOENT" || thrown.code === "ENOTDIR")) {
      return false;
    }
    throw thrown;
  }
}
