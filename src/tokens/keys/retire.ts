import { type Change, type ChangeOptions, type Command, timeOf, timeUntil, unknownKey, without } from "./change.ts";
import type { StoredKey, StoredRing } from "./stored-ring.ts";
import { retiredFrom } from "./times.ts";

/**
 * Takes a retiring key out of the ring, or all of them whose time is over. Refused while some token that it signed may
 * still be good.
 */
export const retire: Command = (ring, options) =>
  options.keyId === undefined ? retireAll(ring, options) : retireOne(ring, options.keyId, options);

function retireAll(ring: StoredRing, options: ChangeOptions): Change {
  const retiring = ring.keys.filter(({ state }) => state === "retiring");
  if (retiring.length === 0) return { ring, says: "no key is retiring; nothing was changed" };
  const over = retiring.filter((key) => options.force || isOver(key, options));
  if (over.length === 0) {
    const [first = "", ...others] = retiring.map((key) => notYet(key, options));
    throw new Error([first, ...others].join("\n"));
  }
  return retired(ring, over, options);
}

function retireOne(ring: StoredRing, keyId: string, options: ChangeOptions): Change {
  const gone = ring.gone.find((key) => key.keyId === keyId);
  if (gone) return { ring, says: `key ${keyId} was ${gone.state} at ${timeOf(gone.since)}; nothing was changed` };
  const key = ring.keys.find((one) => one.keyId === keyId) ?? unknownKey(ring, keyId);
  if (key.state === "active") throw new Error(`key ${keyId} is active; activate another one first`);
  if (key.state === "next") {
    throw new Error(`key ${keyId} is next and has signed nothing; to be rid of it, revoke it`);
  }
  if (!options.force && !isOver(key, options)) throw new Error(notYet(key, options));
  return retired(ring, [key], options);
}

function retired(ring: StoredRing, keys: readonly StoredKey[], { now }: ChangeOptions): Change {
  const ids = keys.map(({ keyId }) => keyId);
  const says = ids.map((keyId) => `key ${keyId} is retired; what it signed is refused from now on`).join("\n");
  return { ring: without(ring, ids, "retired", now), says };
}

const endOf = (key: StoredKey, now: number): number => retiredFrom(key.since ?? now);
const isOver = (key: StoredKey, { now }: ChangeOptions): boolean => endOf(key, now) <= now;

const notYet = (key: StoredKey, { now }: ChangeOptions): string =>
  `key ${key.keyId} may have signed tokens that are still good. Wait ${timeUntil(endOf(key, now), now)}, until ` +
  `${timeOf(endOf(key, now))}, or say --force`;
