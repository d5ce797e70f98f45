import type { StoredKey, StoredRing } from "./stored-ring.ts";
import { retiredFrom } from "./times.ts";

/** What a command came to: the ring to store, which is the same one where nothing is to be changed, and a sentence for a person. */
export interface Change {
  readonly ring: StoredRing;
  readonly says: string;
}

export interface ChangeOptions {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** The key that is meant; undefined means the one that the command is for. */
  readonly keyId: string | undefined;
  /** Does the operator take what the command warns of? */
  readonly force: boolean;
}

/** One of the commands that change the ring. @throws Error that says why it must not be done, or not yet. */
export type Command = (ring: StoredRing, options: ChangeOptions) => Change;

/** The active key; {@link StoredRing} always has one. */
export function activeOf({ keys }: StoredRing): StoredKey {
  const active = keys.find(({ state }) => state === "active");
  if (!active) throw new Error("no key is active");
  return active;
}

/** Puts a key into a state. */
export const inState = (key: StoredKey, state: StoredKey["state"], now: number): StoredKey => ({
  ...key,
  state,
  since: now,
});

/**
 * The ring without these keys, and with a note that they left it. A revoked key is remembered for ever, a retired one for
 * as long as some token of it could be around.
 */
export function without(ring: StoredRing, keyIds: readonly string[], state: "retired" | "revoked", now: number) {
  const kept = ring.gone.filter(
    (key) => !keyIds.includes(key.keyId) && (key.state === "revoked" || retiredFrom(key.since) > now),
  );
  return {
    keys: ring.keys.filter(({ keyId }) => !keyIds.includes(keyId)),
    gone: [...kept, ...keyIds.map((keyId) => ({ keyId, state, since: now }))],
  };
}

/** @throws Error that names the keys that there are. */
export function unknownKey({ keys }: StoredRing, keyId: string, hint = ""): never {
  const known = keys.map((key) => `${key.keyId} (${key.state})`).join(", ");
  throw new Error(`there is no key ${keyId}; the ring has ${known}${hint && `. ${hint}`}`);
}

/** How long it is until then, in words. */
export function timeUntil(then: number, now: number): string {
  const seconds = Math.ceil((then - now) / 1000);
  if (seconds < 600) return `${seconds} s`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export const timeOf = (ms: number): string => new Date(ms).toISOString();
