import type { FamilyId, SandboxId } from "../../src/core/ids.ts";
import { Refusal } from "../../src/core/refusal.ts";
import type { Family, FamilyStore, RevocationCause, Successor } from "../../src/tokens/index.ts";

/** Keeps families in memory, as the contract has it, and can be told to fail or to be restarted over. */
export class MemoryFamilyStore implements FamilyStore {
  #rows = new Map<FamilyId, Family>();
  /** How often each method was called. */
  readonly calls: Record<keyof FamilyStore, number> = {
    load: 0,
    find: 0,
    findMany: 0,
    ofSandbox: 0,
    begin: 0,
    rotate: 0,
    markPresented: 0,
    revoke: 0,
    revokeSandbox: 0,
    revokeKey: 0,
    prune: 0,
  };
  /** Methods that fail before they do anything. */
  readonly down = new Set<keyof FamilyStore>();
  /** Methods that do their work and then fail to say so, as when a connection breaks after the commit. */
  readonly mute = new Set<keyof FamilyStore>();

  load(since: number): Promise<Family[]> {
    return this.#run("load", () => [...this.#rows.values()].filter((row) => row.expiresAt >= since));
  }

  find(familyId: FamilyId): Promise<Family | undefined> {
    return this.#run("find", () => this.#rows.get(familyId));
  }

  findMany(familyIds: readonly FamilyId[]): Promise<Family[]> {
    return this.#run("findMany", () => familyIds.flatMap((familyId) => this.#rows.get(familyId) ?? []));
  }

  ofSandbox(sandboxId: SandboxId): Promise<Family[]> {
    return this.#run("ofSandbox", () => this.#liveOf(sandboxId));
  }

  begin(family: Family): Promise<Family[]> {
    return this.#run("begin", () => {
      if (this.#rows.has(family.familyId)) throw new Error("the family exists");
      const ended = this.#liveOf(family.sandboxId).map((row) => this.#end(row, "superseded-family", family.issuedAt));
      this.#rows.set(family.familyId, family);
      return ended;
    });
  }

  rotate(familyId: FamilyId, expected: number, successor: Successor) {
    return this.#run("rotate", () => {
      const row = this.#rows.get(familyId);
      if (!row) return undefined;
      if (row.revokedAt !== undefined || row.generation !== expected) return { family: row, rotated: false };
      return { family: this.#put({ ...row, ...successor, generation: expected + 1, presented: false }), rotated: true };
    });
  }

  markPresented(familyId: FamilyId, generation: number): Promise<void> {
    return this.#run("markPresented", () => {
      const row = this.#rows.get(familyId);
      if (row?.generation === generation) this.#put({ ...row, presented: true });
    });
  }

  revoke(familyId: FamilyId, cause: RevocationCause, at: number): Promise<Family | undefined> {
    return this.#run("revoke", () => {
      const row = this.#rows.get(familyId);
      return row && row.revokedAt === undefined ? this.#end(row, cause, at) : row;
    });
  }

  revokeSandbox(sandboxId: SandboxId, cause: RevocationCause, at: number): Promise<Family[]> {
    return this.#run("revokeSandbox", () => this.#liveOf(sandboxId).map((row) => this.#end(row, cause, at)));
  }

  revokeKey(keyId: string, cause: RevocationCause, at: number): Promise<Family[]> {
    return this.#run("revokeKey", () => {
      const live = [...this.#rows.values()].filter((row) => row.keyId === keyId && row.revokedAt === undefined);
      return live.map((row) => this.#end(row, cause, at));
    });
  }

  prune(before: number): Promise<number> {
    return this.#run("prune", () => {
      const gone = [...this.#rows.values()].filter((row) => row.expiresAt < before);
      for (const { familyId } of gone) this.#rows.delete(familyId);
      return gone.length;
    });
  }

  /** What a backup would hold. */
  backup(): ReadonlyMap<FamilyId, Family> {
    return new Map(this.#rows);
  }

  restore(rows: ReadonlyMap<FamilyId, Family>): void {
    this.#rows = new Map(rows);
  }

  #liveOf(sandboxId: SandboxId): Family[] {
    return [...this.#rows.values()].filter((row) => row.sandboxId === sandboxId && row.revokedAt === undefined);
  }

  #end(row: Family, cause: RevocationCause, at: number): Family {
    return this.#put({ ...row, revokedAt: at, revokedFor: cause });
  }

  #put(row: Family): Family {
    this.#rows.set(row.familyId, row);
    return row;
  }

  /** A turn of the event loop before the work and one after, so that calls interleave as over a connection. */
  async #run<T>(method: keyof FamilyStore, work: () => T): Promise<T> {
    this.calls[method] += 1;
    await new Promise(setImmediate);
    if (this.down.has(method)) throw new Refusal("store-unavailable");
    const result = work();
    await new Promise(setImmediate);
    if (this.mute.has(method)) throw new Refusal("store-unavailable");
    return result;
  }
}
