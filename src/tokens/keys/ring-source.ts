import { readFile } from "node:fs/promises";
import { basename, dirname } from "node:path";
import type { Secret } from "../../core/secret.ts";
import { signingKeyFileNames } from "../signing-key.ts";
import { readRingDirectory } from "./ring-directory.ts";
import { contentOf, type RingFiles } from "./ring-files.ts";

/** The paths of the three files of the active key. */
export interface SigningKeyPaths {
  readonly signing: string;
  readonly public: string;
  readonly keyId: string;
}

const parts = ["signing", "public", "keyId"] as const;

/** The directory that can hold a whole ring: that of three files which have their standard names in one place. */
function ringDirectoryOf(paths: SigningKeyPaths): string | undefined {
  const directory = dirname(paths.signing);
  const isStandard = parts.every(
    (part) => dirname(paths[part]) === directory && basename(paths[part]) === signingKeyFileNames[part],
  );
  return isStandard ? directory : undefined;
}

/** What to call the place in a message. */
export const placeOf = (paths: SigningKeyPaths): string =>
  ringDirectoryOf(paths) ?? parts.map((part) => paths[part]).join(", ");

/** Reads the ring's files; under names of their own, the three of a single key. */
export async function readRingFiles(paths: SigningKeyPaths): Promise<RingFiles> {
  const directory = ringDirectoryOf(paths);
  if (directory !== undefined) return (await readRingDirectory(directory)).files;
  const files = new Map<string, string | Secret>();
  for (const part of parts) {
    const name = signingKeyFileNames[part];
    files.set(name, contentOf(name, await readFile(paths[part], "utf8")));
  }
  return files;
}
