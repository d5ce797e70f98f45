import { longestTtlSeconds } from "../read-claims.ts";

/**
 * How long it takes at most until every replica knows of a change, in milliseconds: two minutes until a kubelet has
 * brought a changed Secret to its node (its period of a minute, and a minute for what it caches), a few seconds until
 * the gateway looks, and some room.
 */
export const spreadMs = 150_000;

/** How long after its signing a token may be good, in milliseconds: the longest lifetime and the longest leeway (T1). */
const longestTokenMs = (longestTtlSeconds + 30) * 1000;

/** When a key that was prepared at `since` may sign: every replica verifies by then what it signs. */
export const activeFrom = (since: number): number => since + spreadMs;

/** When a key that stopped signing at `since` verifies nothing any more that is still good. */
export const retiredFrom = (since: number): number => since + spreadMs + longestTokenMs;
