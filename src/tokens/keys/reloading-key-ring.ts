import type { Clock } from "../../core/clock.ts";
import type { Log } from "../../core/log.ts";
import { createKeyRing, type KeyRing } from "../key-ring.ts";
import { follow, type HeldKey, unexpired } from "./held-keys.ts";
import { type RingFiles, sameFiles } from "./ring-files.ts";
import { placeOf, readRingFiles, type SigningKeyPaths } from "./ring-source.ts";
import { parseRing } from "./stored-ring.ts";

/** How often the files are compared with what is served, in milliseconds; by content, as a mounted Secret swaps links. */
const pollMs = 2_000;

/** A ring that changes while it serves. */
export interface ReloadingKeyRing extends KeyRing, AsyncDisposable {
  /** Serves what the files hold now; keeps what it has where they are no good. Never rejects. */
  reload(): Promise<void>;
}

export interface ReloadingKeyRingOptions {
  readonly paths: SigningKeyPaths;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Loads the ring and follows its files from then on (requirement T2).
 * @throws Error at the start that names the directory, the file and what is wrong, without a byte of a private key.
 */
export async function createReloadingKeyRing(options: ReloadingKeyRingOptions): Promise<ReloadingKeyRing> {
  const { paths, clock, log } = options;
  const place = placeOf(paths);
  const listeners = new Set<(keyId: string) => void>();
  const revoked = new Set<string>();
  let seen: RingFiles;
  let held: HeldKey[] = [];
  let ring: KeyRing;
  let complaint: string | undefined;

  function serve(keys: HeldKey[]): void {
    ring = createKeyRing(keys);
    held = keys;
  }
  function take(files: RingFiles): void {
    const stored = parseRing(files);
    const before = held;
    serve(follow(held, stored, clock.now()));
    seen = files;
    const isUnprepared = before.length > 0 && !before.some(({ keyId }) => keyId === ring.active.keyId);
    if (isUnprepared)
      log.warn({ active: ring.active.keyId }, "the signing key was replaced by one that was not prepared");
    for (const { keyId, state } of stored.gone) {
      if (state !== "revoked" || revoked.has(keyId)) continue;
      revoked.add(keyId);
      for (const listener of listeners) listener(keyId);
    }
    log.info(summaryOf(held), "signing keys loaded");
  }
  async function load(): Promise<void> {
    try {
      const files = await readRingFiles(paths);
      if (!sameFiles(files, seen)) take(files);
      complaint = undefined;
    } catch (error) {
      const says = error instanceof Error ? error.message : "cannot be read";
      if (says !== complaint) log.error({ place, err: error }, "new signing keys are not usable, the old ones stay");
      complaint = says;
    }
    const left = unexpired(held, clock.now());
    if (left.length < held.length) serve(left);
  }

  try {
    take(await readRingFiles(paths));
  } catch (cause) {
    throw new Error(`${place}: ${cause instanceof Error ? cause.message : "cannot be read"}`, { cause });
  }

  // One after the other, so that an older reading never replaces a newer one.
  let loading: Promise<void> = Promise.resolve();
  const reload = () => {
    loading = loading.then(load);
    return loading;
  };
  let ended = false;
  let timer: Disposable;
  const watch = () => {
    timer = clock.after(pollMs, () => void reload().then(() => ended || watch()));
  };
  watch();

  return {
    get active() {
      return ring.active;
    },
    find: (keyId) => ring.find(keyId),
    jwks: () => ring.jwks(),
    onRevoked(listener) {
      listeners.add(listener);
      for (const keyId of revoked) listener(keyId);
      return { [Symbol.dispose]: () => void listeners.delete(listener) };
    },
    reload,
    async [Symbol.asyncDispose]() {
      ended = true;
      timer[Symbol.dispose]();
      await loading;
    },
  };
}

function summaryOf(held: readonly HeldKey[]) {
  const inState = (state: HeldKey["state"]) => held.filter((key) => key.state === state).map(({ keyId }) => keyId);
  return { active: inState("active"), next: inState("next"), retiring: inState("retiring") };
}
