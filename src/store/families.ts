import type { Selectable, Updateable } from "kysely";
import { type FamilyId, parseFamilyId, parseSandboxId, type SandboxId } from "../core/ids.ts";
import { Refusal } from "../core/refusal.ts";
import type { Family, FamilyStore, RevocationCause, Successor } from "../tokens/index.ts";
import { compiledOnce } from "./compiled-once.ts";
import type { Database, Queries } from "./database.ts";
import { isSqlite, takeTurns } from "./engine-differences.ts";
import type { FamilyRow } from "./schema/families.ts";
import { stored } from "./stored.ts";

/** Token families in the database. */
export function createFamilyStore(database: Database): FamilyStore {
  const find = (familyId: FamilyId) => database.read((db) => findFamily(db, familyId));
  return {
    load: (since) =>
      database.read(async (db) => {
        const rows = await db.selectFrom("token_families").selectAll().where("expires_at", ">=", since).execute();
        return rows.map(toFamily);
      }),

    find,

    findMany: (familyIds) =>
      database.read(async (db) => {
        if (familyIds.length === 0) return [];
        const rows = await db.selectFrom("token_families").selectAll().where("family_id", "in", familyIds).execute();
        return rows.map(toFamily);
      }),

    ofSandbox: (sandboxId) =>
      database.read(async (db) => {
        const rows = await liveOf(db, sandboxId).execute();
        return rows.map(toFamily);
      }),

    begin: (family) =>
      database.write(async (db) => {
        await takeTurns(db, family.sandboxId);
        await demandRunning(db, family.sandboxId);
        const superseded = await revokeLive(db, family.sandboxId, "superseded-family", family.issuedAt);
        await db.insertInto("token_families").values(toRow(family)).execute();
        return superseded;
      }),

    async rotate(familyId, expected, successor) {
      const [row] = await database.writeOne((db) =>
        rotateFamily(db, { familyId, expected, next: expected + 1, ...successor }),
      );
      if (row) return { family: toFamily(row), rotated: true };
      const family = await find(familyId);
      return family && { family, rotated: false };
    },

    async markPresented(familyId, generation) {
      await database.writeOne((db) => markPresented(db, { familyId, generation }));
    },

    revoke: (familyId, cause, at) =>
      database.write(async (db) => {
        const row = await db
          .updateTable("token_families")
          .set(revocation(cause, at))
          .where("family_id", "=", familyId)
          .where("revoked_at", "is", null)
          .returningAll()
          .executeTakeFirst();
        return row ? toFamily(row) : findFamily(db, familyId);
      }),

    revokeSandbox: (sandboxId, cause, at) => database.write((db) => revokeLive(db, sandboxId, cause, at)),

    revokeKey: (keyId, cause, at) =>
      database.write(async (db) => {
        const rows = await db
          .updateTable("token_families")
          .set(revocation(cause, at))
          .where("key_id", "=", keyId)
          .where("revoked_at", "is", null)
          .returningAll()
          .execute();
        return rows.map(toFamily);
      }),

    prune: (before) =>
      database.write(async (db) => {
        const { numDeletedRows } = await db
          .deleteFrom("token_families")
          .where("expires_at", "<", before)
          .executeTakeFirstOrThrow();
        return Number(numDeletedRows);
      }),
  };
}

interface Rotation extends Successor {
  readonly familyId: FamilyId;
  readonly expected: number;
  readonly next: number;
}

const rotateFamily = compiledOnce<Rotation, Selectable<FamilyRow>>((db, value) =>
  db
    .updateTable("token_families")
    .set({
      generation: value("next"),
      key_id: value("keyId"),
      issued_at: value("issuedAt"),
      expires_at: value("expiresAt"),
      presented: 0,
      rotated_at: value("rotatedAt"),
    })
    .where("family_id", "=", value("familyId"))
    .where("generation", "=", value("expected"))
    .where("revoked_at", "is", null)
    .returningAll(),
);

const markPresented = compiledOnce<Pick<Family, "familyId" | "generation">, unknown>((db, value) =>
  db
    .updateTable("token_families")
    .set({ presented: 1 })
    .where("family_id", "=", value("familyId"))
    .where("generation", "=", value("generation"))
    .where("presented", "=", 0),
);

const familyById = compiledOnce<Pick<Family, "familyId">, Selectable<FamilyRow>>((db, value) =>
  db.selectFrom("token_families").selectAll().where("family_id", "=", value("familyId")),
);

/**
 * Holds what is wished of the sandbox until the transaction ends: a stop or a deletion that commits first is seen here,
 * and one that comes later waits, and then finds the family that it has to revoke.
 */
async function demandRunning(db: Queries, sandboxId: SandboxId): Promise<void> {
  const facts = { sandbox_id: sandboxId };
  const sandbox = await db
    .selectFrom("sandboxes")
    .select("desired")
    .where("id", "=", sandboxId)
    .$if(!isSqlite(db), (query) => query.forShare())
    .executeTakeFirst();
  if (!sandbox) throw new Refusal("sandbox-missing", { facts });
  if (sandbox.desired === "running") return;
  throw new Refusal("state-conflict", { says: "the sandbox is not to run, so it gets no token", facts });
}

const liveOf = (db: Queries, sandboxId: SandboxId) =>
  db.selectFrom("token_families").selectAll().where("sandbox_id", "=", sandboxId).where("revoked_at", "is", null);

async function findFamily(db: Queries, familyId: FamilyId): Promise<Family | undefined> {
  const [row] = await familyById(db, { familyId });
  return row && toFamily(row);
}

async function revokeLive(db: Queries, sandboxId: SandboxId, cause: RevocationCause, at: number): Promise<Family[]> {
  const rows = await db
    .updateTable("token_families")
    .set(revocation(cause, at))
    .where("sandbox_id", "=", sandboxId)
    .where("revoked_at", "is", null)
    .returningAll()
    .execute();
  return rows.map(toFamily);
}

const revocation = (cause: RevocationCause, at: number): Updateable<FamilyRow> => ({
  revoked_at: at,
  revoked_for: cause,
});

const toRow = (family: Family): FamilyRow => ({
  family_id: family.familyId,
  sandbox_id: family.sandboxId,
  generation: family.generation,
  key_id: family.keyId,
  issued_at: family.issuedAt,
  expires_at: family.expiresAt,
  presented: family.presented ? 1 : 0,
  rotated_at: family.rotatedAt ?? null,
  revoked_at: family.revokedAt ?? null,
  revoked_for: family.revokedFor ?? null,
});

const toFamily = (row: Selectable<FamilyRow>): Family => ({
  familyId: stored(row.family_id, parseFamilyId),
  sandboxId: stored(row.sandbox_id, parseSandboxId),
  generation: row.generation,
  keyId: row.key_id,
  issuedAt: row.issued_at,
  expiresAt: row.expires_at,
  presented: row.presented !== 0,
  rotatedAt: row.rotated_at ?? undefined,
  revokedAt: row.revoked_at ?? undefined,
  revokedFor: row.revoked_for ?? undefined,
});
