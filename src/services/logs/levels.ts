import { Refusal } from "../../core/refusal.ts";

/** `OCSF` marks security events, which matter as much as INFO. */
const ranks: ReadonlyMap<string, number> = new Map([
  ["TRACE", 0],
  ["DEBUG", 1],
  ["INFO", 2],
  ["OCSF", 2],
  ["WARN", 3],
  ["ERROR", 4],
]);

const unknownRank = 2;

/** A level's weight; one that nobody knows weighs as much as INFO. */
export const rankOf = (level: string): number => ranks.get(level) ?? unknownRank;

/**
 * The weight that a query's `min_level` asks for; an empty one asks for everything.
 * @throws Refusal `request-invalid` where the level is not known.
 */
export function parseMinLevel(text: string, field: string): number {
  if (text === "") return 0;
  const rank = ranks.get(text.toUpperCase());
  if (rank === undefined) {
    throw new Refusal("request-invalid", {
      says: `${field}: expected one of ${[...ranks.keys()].join(", ")}; got ${text.length} characters that are none of these`,
    });
  }
  return rank;
}
