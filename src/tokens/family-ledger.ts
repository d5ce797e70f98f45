import type { Audit } from "../core/audit.ts";
import type { Clock } from "../core/clock.ts";
import type { FamilyId, SandboxId } from "../core/ids.ts";
import type { Log } from "../core/log.ts";
import { tokenIdOf } from "./claims.ts";
import type { Family, FamilyStore, RevocationCause, Successor } from "./family-store.ts";
import { LiveFamilies } from "./live-families.ts";
import { OwnWrites } from "./own-writes.ts";
import { createReconcile, type Reconcile } from "./reconcile.ts";
import { Shared } from "./shared.ts";
import { isSameToken } from "./standing.ts";

export interface FamilyLedgerOptions {
  readonly store: FamilyStore;
  readonly clock: Clock;
  readonly audit: Audit;
  readonly log: Log;
}

/** Who ends families of its own accord, as the audit log names it. */
const gateway = "gateway";

/**
 * The families in the store and those in memory, as one: every write goes to the store first and is then known here,
 * every read from the store is learned. Rejects with what the store rejects with; memory then stays as it was.
 */
export class FamilyLedger {
  readonly live = new LiveFamilies();
  /** The tokens that this process is making current at this moment. */
  readonly writes = new OwnWrites();
  readonly #store: FamilyStore;
  readonly #clock: Clock;
  readonly #audit: Audit;
  readonly #reconcile: Reconcile;
  readonly #finds = new Shared<FamilyId, Family | undefined>();
  readonly #marks = new Shared<string, void>();
  readonly #revocations = new Shared<FamilyId, Family | undefined>();

  constructor({ store, clock, audit, log }: FamilyLedgerOptions) {
    this.#store = store;
    this.#clock = clock;
    this.#audit = audit;
    this.#reconcile = createReconcile({ store, live: this.live, log });
  }

  /** Learns all families, live and revoked, whose current token expires at `since` or later; resolves to them. */
  async load(since: number): Promise<Family[]> {
    return (await this.#store.load(since)).map((family) => this.live.learn(family));
  }

  /** Makes memory what the store says of all families whose current token expires at `since` or later; see {@link Reconcile}. */
  async reload(since: number): Promise<void> {
    const rows = await this.#store.load(since);
    const known = [...this.live.all()].filter(({ expiresAt }) => expiresAt >= since);
    await this.#reconcile(new Set([...known, ...rows].map(({ familyId }) => familyId)), rows);
  }

  /** Learns what the store says of these families, whoever changed them. */
  async learn(familyIds: readonly FamilyId[]): Promise<void> {
    if (familyIds.length > 0) await this.#reconcile(familyIds, await this.#store.findMany(familyIds));
  }

  /** Asks the store; callers that ask at the same time share one answer. */
  find(familyId: FamilyId): Promise<Family | undefined> {
    return this.#finds.run(familyId, async () => {
      await this.#heed(familyId, await this.#store.find(familyId));
      return this.live.get(familyId);
    });
  }

  /** The families of a sandbox that are not revoked, the newest first. */
  async ofSandbox(sandboxId: SandboxId): Promise<Family[]> {
    const rows = await this.#store.ofSandbox(sandboxId);
    const familyIds = rows.map(({ familyId }) => familyId);
    await this.#reconcile(familyIds, rows);
    const families = familyIds.flatMap((familyId) => this.live.get(familyId) ?? []);
    return families.filter(({ revokedAt }) => revokedAt === undefined).sort((a, b) => b.issuedAt - a.issuedAt);
  }

  /** Stores a new family and ends the sandbox's others. */
  async begin(family: Family): Promise<void> {
    const beginning = this.#store.begin(family);
    using _ = this.writes.note(
      family,
      beginning.then(() => true),
    );
    const ended = await beginning;
    this.live.learn(family);
    for (const other of ended) this.#recordEnd(other, gateway);
  }

  /** Compare-and-set, see {@link FamilyStore.rotate}; the row is the store's, which a restored one may have put behind memory. */
  async rotate({ familyId, generation }: Family, successor: Successor) {
    const rotating = this.#store.rotate(familyId, generation, successor);
    using _ = this.writes.note(
      { familyId, generation: generation + 1 },
      rotating.then((outcome) => outcome?.rotated === true),
    );
    const outcome = await rotating;
    await this.#heed(familyId, outcome?.family);
    return outcome;
  }

  /** Records that the family's current token was presented, once, however many calls present it at the same time. */
  markPresented(family: Family): Promise<void> {
    return this.#marks.run(tokenIdOf(family.familyId, family.generation), async () => {
      await this.#store.markPresented(family.familyId, family.generation);
      const now = this.live.get(family.familyId);
      if (now && isSameToken(now, family)) this.live.learn({ ...now, presented: true });
    });
  }

  /** Ends one family; `by` is who wanted it, for the audit log. */
  revoke(familyId: FamilyId, cause: RevocationCause, by: string = gateway): Promise<Family | undefined> {
    return this.#revocations.run(familyId, async () => {
      const at = this.#clock.now();
      const isKnown = this.live.get(familyId)?.revokedAt !== undefined;
      const family = await this.#store.revoke(familyId, cause, at);
      if (family?.revokedAt === at && !isKnown) this.#recordEnd(family, by);
      await this.#heed(familyId, family);
      return this.live.get(familyId);
    });
  }

  /** Ends all families of a sandbox; resolves to those that this call ended. */
  async revokeSandbox(sandboxId: SandboxId, cause: RevocationCause, by: string = gateway): Promise<Family[]> {
    const ended = await this.#store.revokeSandbox(sandboxId, cause, this.#clock.now());
    for (const family of ended) this.#recordEnd(family, by);
    return ended;
  }

  /** Ends all families whose current token the key signed; resolves to those that this call ended. */
  async revokeKey(keyId: string): Promise<Family[]> {
    const ended = await this.#store.revokeKey(keyId, "key-revoked", this.#clock.now());
    for (const family of ended) this.#recordEnd(family, gateway);
    return ended;
  }

  /** Forgets families whose current token expired before `before`, here and in the store. */
  async prune(before: number): Promise<void> {
    this.live.forget(before);
    await this.#store.prune(before);
  }

  async #heed(familyId: FamilyId, row: Family | undefined): Promise<void> {
    // What memory now says is the very row, so there is nothing to compare.
    if (row && this.live.learn(row) === row) return;
    await this.#reconcile([familyId], row ? [row] : []);
  }

  #recordEnd(family: Family, by: string): void {
    this.live.learn(family);
    this.#audit({
      event: "family.revoked",
      principal: by,
      sandboxId: family.sandboxId,
      familyId: family.familyId,
      ...(family.revokedFor && { reason: family.revokedFor }),
    });
  }
}
