import { activeOf, type Command, inState, timeOf, timeUntil, unknownKey } from "./change.ts";
import type { StoredKey, StoredRing } from "./stored-ring.ts";
import { activeFrom } from "./times.ts";

/**
 * Lets the next key sign, or a retiring one again, and the active one verify only. Refused before every replica knows the
 * key: one that does not would refuse tokens that are good.
 */
export const activate: Command = (ring, { now, keyId, force }) => {
  const active = activeOf(ring);
  if (keyId === active.keyId) return { ring, says: `key ${keyId} is active already; nothing was changed` };
  const key = keyId === undefined ? ring.keys.find(({ state }) => state === "next") : keyById(ring, keyId);
  if (!key) throw new Error("no key is prepared; run `openshell-gateway keys prepare` first");
  if (!key.signing) throw new Error(`key ${key.keyId} cannot sign: its private half is not here`);
  const from = key.state === "next" && key.since !== undefined ? activeFrom(key.since) : now;
  if (from > now && !force) {
    throw new Error(
      `key ${key.keyId} is too new: a replica that does not know it yet would refuse what it signs. Wait ` +
        `${timeUntil(from, now)}, or say --force where one gateway alone uses this ring`,
    );
  }
  const keys = ring.keys.map((one) => {
    if (one === key) return inState(one, "active", now);
    return one === active ? inState(one, "retiring", now) : one;
  });
  return {
    ring: { ...ring, keys },
    says: `key ${key.keyId} signs since ${timeOf(now)}. Key ${active.keyId} verifies what it signed before.`,
  };
};

function keyById(ring: StoredRing, keyId: string): StoredKey {
  const gone = ring.gone.find((key) => key.keyId === keyId);
  if (gone) throw new Error(`key ${keyId} was ${gone.state} at ${timeOf(gone.since)} and does not come back`);
  return ring.keys.find((key) => key.keyId === keyId) ?? unknownKey(ring, keyId);
}
