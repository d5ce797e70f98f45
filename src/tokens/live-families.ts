import type { FamilyId } from "../core/ids.ts";
import type { Family } from "./family-store.ts";

/** What memory knows of a family, and what it knew before; `now` is undefined where the store has lost the family. */
export type FamilyChange =
  | { readonly now: Family; readonly before: Family | undefined }
  | { readonly now: undefined; readonly before: Family };

/**
 * The families whose tokens may be admitted, in memory: an allow-list, so that a token which nobody knows is not good.
 * Loaded at start and told of every row that is written or read since. Rows may come in any order, also late: a family
 * only ever goes forward, but for {@link takeBack}.
 */
export class LiveFamilies {
  readonly #families = new Map<FamilyId, Family>();
  readonly #listeners = new Set<(change: FamilyChange) => void>();

  get size(): number {
    return this.#families.size;
  }

  get(familyId: FamilyId): Family | undefined {
    return this.#families.get(familyId);
  }

  all(): Iterable<Family> {
    return this.#families.values();
  }

  /** Takes a row in; returns what is known now, which may be further ahead than the row. */
  learn(row: Family): Family {
    const known = this.#families.get(row.familyId);
    const now = known ? further(known, row) : row;
    if (now === known) return known;
    this.#families.set(now.familyId, now);
    this.#tell({ now, before: known });
    return now;
  }

  /**
   * Puts the store's row, or nothing where there is none, in the place of a family that only this memory knows to be
   * further: the store was restored from an older copy. A no-op where memory holds another row by now, or a revoked one.
   */
  takeBack(known: Family, row: Family | undefined): void {
    const { familyId } = known;
    if (this.#families.get(familyId) !== known || known.revokedAt !== undefined) return;
    if (row) this.#families.set(familyId, row);
    else this.#families.delete(familyId);
    this.#tell({ now: row, before: known });
  }

  /** Drops families whose current token expired before `before`. */
  forget(before: number): void {
    for (const family of this.#families.values()) {
      if (family.expiresAt < before) this.#families.delete(family.familyId);
    }
  }

  /** Calls `listener` with every family that changed. */
  onChange(listener: (change: FamilyChange) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  #tell(change: FamilyChange): void {
    for (const listener of this.#listeners) listener(change);
  }
}

/** Of two rows of one family the later one. Revoked is for ever; generations grow; presented stays. */
function further(known: Family, row: Family): Family {
  if (known.revokedAt !== undefined) return known;
  if (row.revokedAt !== undefined) return row;
  if (row.generation !== known.generation) return row.generation > known.generation ? row : known;
  return row.presented && !known.presented ? row : known;
}
