import type { FamilyId } from "../core/ids.ts";
import type { Log } from "../core/log.ts";
import type { Family, FamilyStore } from "./family-store.ts";
import type { LiveFamilies } from "./live-families.ts";
import { isSameToken } from "./standing.ts";

/** How many families are asked for at once. */
const batchSize = 1_000;

export interface ReconcileOptions {
  readonly store: FamilyStore;
  readonly live: LiveFamilies;
  readonly log: Log;
}

/**
 * Learns what the store was read to have of `asked`; those of them that are not in `rows` it does not have. Memory only
 * goes forward (T6), but for one case: somebody restored an older database under the running gateways, and then it must
 * not lock honest sandboxes out for good.
 *
 * A row behind memory, or a missing one, is no proof of that: this process may have written since it was read. So it is
 * read a second time. What memory knew before that second reading was committed before it; where the store is still
 * behind, it went back. Then:
 * - what memory knows as revoked is revoked in the store again, with its first cause: revoked stays revoked for as long
 *   as anybody remembers it;
 * - any other family becomes what the store says, and is forgotten where the store does not have it: tokens that it gave
 *   since its copy was made are unknown, and the one that it has as current refreshes.
 *
 * Only where memory holds the very row of before the second reading: otherwise something was learned meanwhile, and
 * whoever learned it compared it too.
 * @throws Refusal `store-unavailable`; memory knows nothing wrong then, and whoever asks next compares again.
 */
export type Reconcile = (asked: Iterable<FamilyId>, rows: readonly Family[]) => Promise<void>;

export function createReconcile({ store, live, log }: ReconcileOptions): Reconcile {
  /** Learns a second reading; returns the families of which memory alone still knows what it knew before. */
  async function readAgain(suspects: readonly Family[]): Promise<{ known: Family; row: Family | undefined }[]> {
    const rows = await store.findMany(suspects.map(({ familyId }) => familyId));
    for (const row of rows) live.learn(row);
    const read = byId(rows);
    return suspects.flatMap((known) => {
      const row = read.get(known.familyId);
      return live.get(known.familyId) === known && !agree(known, row) ? [{ known, row }] : [];
    });
  }

  async function goBack(suspects: readonly Family[]): Promise<void> {
    for (let at = 0; at < suspects.length; at += batchSize) {
      const lost = await readAgain(suspects.slice(at, at + batchSize));
      if (lost.length === 0) continue;
      log.warn({ families: lost.length }, "the store went back behind what it had said: it was restored");
      for (const { known, row } of lost) live.takeBack(known, row);
      for (const { known } of lost) {
        const { familyId, revokedAt, revokedFor } = known;
        if (revokedAt !== undefined && revokedFor) await store.revoke(familyId, revokedFor, revokedAt);
      }
    }
  }

  return async (asked, rows) => {
    for (const row of rows) live.learn(row);
    const read = byId(rows);
    const suspects: Family[] = [];
    for (const familyId of asked) {
      const known = live.get(familyId);
      if (known && !agree(known, read.get(familyId))) suspects.push(known);
    }
    if (suspects.length > 0) await goBack(suspects);
  };
}

/** Whether the store has all that memory knows. A revoked family that the store lost is as good as revoked there. */
function agree(known: Family, row: Family | undefined): boolean {
  if (known.revokedAt !== undefined) return !row || row.revokedAt !== undefined;
  return row !== undefined && isSameToken(known, row) && known.presented === row.presented;
}

const byId = (rows: readonly Family[]) => new Map(rows.map((row) => [row.familyId, row]));
