import { generateSigningKey, readSigningKey } from "../signing-key.ts";
import { type Command, timeOf } from "./change.ts";
import type { StoredKey } from "./stored-ring.ts";
import { activeFrom, spreadMs } from "./times.ts";

/** Makes the key that will sign next. It is published and verifies, and does not sign yet. There is one at most. */
export const prepare: Command = (ring, { now }) => {
  const there = ring.keys.find(({ state }) => state === "next");
  if (there) {
    const since = there.since === undefined ? "" : ` since ${timeOf(there.since)}`;
    return { ring, says: `key ${there.keyId} is prepared${since} already; nothing was changed` };
  }
  const key = newKey("next", now);
  const wait = `It may be activated in ${spreadMs / 1000} s, at ${timeOf(activeFrom(now))}: every replica knows it then.`;
  return { ring: { ...ring, keys: [...ring.keys, key] }, says: `key ${key.keyId} is prepared. ${wait}` };
};

export function newKey(state: StoredKey["state"], now: number): StoredKey {
  const files = generateSigningKey();
  const { keyId, publicKey, privateKey } = readSigningKey(files);
  return { keyId, state, since: now, public: files.public, publicKey, signing: files.signing, privateKey };
}
