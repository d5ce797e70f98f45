import type { KeyObject } from "node:crypto";
import { Secret } from "../../core/secret.ts";
import type { KeyState } from "../key-ring.ts";
import { readPublicKey, readSigningKey, signingKeyFileNames } from "../signing-key.ts";
import { isKeyFile, keyFileNames, type RingFiles, ringFileName } from "./ring-files.ts";
import { parseEntries, printEntries, type RingEntry } from "./ring-json.ts";

/** A key of the ring, as its files have it. */
export interface StoredKey {
  readonly keyId: string;
  readonly state: KeyState;
  /** When it came into that state, milliseconds since the epoch; undefined for an active key that nobody recorded. */
  readonly since: number | undefined;
  readonly public: string;
  readonly publicKey: KeyObject;
  /** The private half; of a retiring key it may be gone. */
  readonly signing: Secret | undefined;
  readonly privateKey: KeyObject | undefined;
}

/** A key that left the ring. It must not come back while this is remembered. */
export interface GoneKey {
  readonly keyId: string;
  readonly state: "retired" | "revoked";
  readonly since: number;
}

/** All that the files of a ring say. Exactly one key is active, at most one is next. */
export interface StoredRing {
  readonly keys: readonly StoredKey[];
  readonly gone: readonly GoneKey[];
}

const { signing: signingName, public: publicName, keyId: keyIdName } = signingKeyFileNames;

/**
 * Reads a ring from its files (requirement T2).
 * @throws Error that names the file and what is wrong with it, without a byte of a private key.
 */
export function parseRing(files: RingFiles): StoredRing {
  const active = readActive(files);
  const text = textOf(files, ringFileName);
  const entries = text === undefined ? [] : within(ringFileName, () => parseEntries(text));
  const named = entries.find(({ keyId }) => keyId === active.keyId);
  if (named && named.state !== "active") {
    throw new Error(`${keyIdName}: names the key ${active.keyId}, which ${ringFileName} says is ${named.state}`);
  }
  // Where the three files were replaced by hand, what the ring says of the former active key is of the past.
  const others = entries.filter(({ state }) => state !== "active");
  const keys = others.flatMap((entry) => readOther(entry, files));
  refuseStrays(
    files,
    [active, ...entries].map(({ keyId }) => keyId),
    text !== undefined,
  );
  return { keys: [{ ...active, since: named?.since }, ...keys], gone: others.flatMap(toGone) };
}

/** The files that hold the ring; {@link parseRing} reads the same ring from them. */
export function printRing({ keys, gone }: StoredRing): RingFiles {
  const files = new Map<string, string | Secret>();
  for (const { keyId, state, signing, public: publicPem } of keys) {
    const names = state === "active" ? { signing: signingName, public: publicName } : keyFileNames(keyId);
    if (signing) files.set(names.signing, signing);
    files.set(names.public, publicPem);
    if (state === "active") files.set(keyIdName, `${keyId}\n`);
  }
  const entries = [...keys, ...gone].flatMap(({ keyId, state, since }): RingEntry[] =>
    since === undefined ? [] : [{ keyId, state, since }],
  );
  return files.set(ringFileName, printEntries(entries));
}

function readActive(files: RingFiles): StoredKey {
  const signing = files.get(signingName);
  const [publicPem, keyId] = [textOf(files, publicName), textOf(files, keyIdName)];
  if (!(signing instanceof Secret) || publicPem === undefined || keyId === undefined) {
    const missing = Object.values(signingKeyFileNames).filter((name) => !files.has(name));
    throw new Error(`the signing key is incomplete, ${missing.join(" and ")} missing`);
  }
  const key = readSigningKey({ signing, public: publicPem, keyId });
  return { ...key, state: "active", since: undefined, public: publicPem, signing };
}

function readOther({ keyId, state, since }: RingEntry, files: RingFiles): StoredKey[] {
  if (state !== "next" && state !== "retiring") return [];
  const names = keyFileNames(keyId);
  const [signing, publicPem] = [files.get(names.signing), textOf(files, names.public)];
  if (publicPem === undefined) throw new Error(`${names.public}: missing, and ${ringFileName} names its key`);
  const shared = { keyId, state, since, public: publicPem };
  if (signing instanceof Secret) {
    const key = within(`key-${keyId}`, () => readSigningKey({ signing, public: publicPem, keyId }));
    return [{ ...shared, ...key, signing }];
  }
  if (state === "next") throw new Error(`${names.signing}: missing, and its key is next to sign`);
  const publicKey = within(names.public, () => readPublicKey(publicPem));
  return [{ ...shared, publicKey, signing: undefined, privateKey: undefined }];
}

/**
 * A key that nothing speaks of may be one that somebody believes to be in service. Files that a key left behind when it
 * changed its state, as where a Secret was merged instead of replaced, do no harm.
 */
function refuseStrays(files: RingFiles, keyIds: readonly string[], hasEntries: boolean): void {
  const known = new Set(keyIds.flatMap((keyId) => Object.values(keyFileNames(keyId))));
  const stray = [...files.keys()].sort().find((name) => isKeyFile(name) && !known.has(name));
  if (stray === undefined) return;
  throw new Error(hasEntries ? `${stray}: ${ringFileName} knows no such key` : `${stray}: without a ${ringFileName}`);
}

function toGone({ keyId, state, since }: RingEntry): GoneKey[] {
  return state === "retired" || state === "revoked" ? [{ keyId, state, since }] : [];
}

function textOf(files: RingFiles, name: string): string | undefined {
  const content = files.get(name);
  return typeof content === "string" ? content : undefined;
}

function within<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new Error(`${name}: ${cause instanceof Error ? cause.message : "cannot be read"}`, { cause });
  }
}
