import type { RingKey } from "../key-ring.ts";
import { rawPublicKey } from "../pkcs8.ts";
import { createSigner } from "../signer.ts";
import type { StoredKey, StoredRing } from "./stored-ring.ts";
import { retiredFrom } from "./times.ts";

/** A key that a serving gateway holds. */
export interface HeldKey extends RingKey {
  /** When it came into its state as the files say, milliseconds since the epoch. */
  readonly since: number | undefined;
  /** Set once the files hold it no longer: how long it goes on to verify, as tokens of it may live. */
  readonly until: number | undefined;
}

/**
 * The keys to hold after the files changed. A key that vanished from them goes on to verify for as long as tokens that it
 * signed may live, unless they say that it was retired or revoked: so a key may be rotated by simply replacing its files.
 * @throws Error where an id and its key do not stay together, as when only some of a key's files are replaced yet.
 */
export function follow(held: readonly HeldKey[], { keys, gone }: StoredRing, now: number): HeldKey[] {
  for (const key of keys) refuseExchange(held, key);
  const accountedFor = new Set([...keys, ...gone].map(({ keyId }) => keyId));
  const vanished = held.filter(({ keyId }) => !accountedFor.has(keyId)).map((key) => linger(key, now));
  return unexpired([...keys.map(toHeld), ...vanished], now);
}

export const unexpired = (held: readonly HeldKey[], now: number): HeldKey[] =>
  held.filter(({ until }) => until === undefined || until > now);

function toHeld({ keyId, state, since, publicKey, privateKey }: StoredKey): HeldKey {
  const signer = privateKey && createSigner(privateKey, keyId);
  return { keyId, state, since, publicKey, signer, until: undefined };
}

function linger(key: HeldKey, now: number): HeldKey {
  const stoppedSigning = key.state === "retiring" ? (key.since ?? now) : now;
  return { ...key, state: "retiring", since: stoppedSigning, until: key.until ?? retiredFrom(stoppedSigning) };
}

/** Tokens name their key by its id, so the id of a key that signed something stands for that key for ever. */
function refuseExchange(held: readonly HeldKey[], { keyId, publicKey }: StoredKey): void {
  const isSame = (key: HeldKey) => rawPublicKey(key.publicKey).equals(rawPublicKey(publicKey));
  const sameId = held.find((key) => key.keyId === keyId);
  if (sameId && !isSame(sameId)) throw new Error(`the id ${keyId} is that of another key; a new key needs a new id`);
  const sameKey = held.find(isSame);
  if (sameKey && sameKey.keyId !== keyId) throw new Error(`the key ${sameKey.keyId} cannot become ${keyId}`);
}
