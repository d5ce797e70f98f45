import type { FamilyId } from "../core/ids.ts";
import type { Family } from "./family-store.ts";

/**
 * The families whose tokens may be admitted, in memory: an allow-list, so that a token which nobody knows is not good.
 * Loaded at start and told of every row that is written or read since. Rows may come in any order, also late: a family
 * only ever goes forward.
 */
export class LiveFamilies {
  readonly #families = new Map<FamilyId, Family>();
  readonly #listeners = new Set<(family: Family) => void>();

  get size(): number {
    return this.#families.size;
  }

  get(familyId: FamilyId): Family | undefined {
    return this.#families.get(familyId);
  }

  /** Takes a row in; returns what is known now, which may be further ahead than the row. */
  learn(row: Family): Family {
    const known = this.#families.get(row.familyId);
    const now = known ? further(known, row) : row;
    if (now === known) return known;
    this.#families.set(now.familyId, now);
    for (const listener of this.#listeners) listener(now);
    return now;
  }

  /** Drops families whose current token expired before `before`. */
  forget(before: number): void {
    for (const family of this.#families.values()) {
      if (family.expiresAt < before) this.#families.delete(family.familyId);
    }
  }

  /** Calls `listener` with every family that changed, as it is now. */
  onChange(listener: (family: Family) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }
}

/** Of two rows of one family the later one. Revoked is for ever; generations grow; presented stays. */
function further(known: Family, row: Family): Family {
  if (known.revokedAt !== undefined) return known;
  if (row.revokedAt !== undefined) return row;
  if (row.generation !== known.generation) return row.generation > known.generation ? row : known;
  return row.presented && !known.presented ? row : known;
}
