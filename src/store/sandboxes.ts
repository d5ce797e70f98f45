import { type Selectable, sql } from "kysely";
import { parseSandboxId, type SandboxId } from "../core/ids.ts";
import type { Database, Queries } from "./database.ts";
import type { SandboxStore, StoredSandbox } from "./sandbox-store.ts";
import type { SandboxRow } from "./schema/sandboxes.ts";
import { stored } from "./stored.ts";

/** Sandboxes in the database. */
export function createSandboxStore(database: Database): SandboxStore {
  return {
    load: () =>
      database.read(async (db) => {
        const rows = await db.selectFrom("sandboxes").selectAll().orderBy("created_at").orderBy("id").execute();
        return rows.map(toSandbox);
      }),

    findMany: (ids) =>
      database.read(async (db) => {
        if (ids.length === 0) return [];
        const oldestFirst = db.selectFrom("sandboxes").selectAll().orderBy("created_at").orderBy("id");
        return (await oldestFirst.where("id", "in", ids).execute()).map(toSandbox);
      }),

    findNamed: (workspace, name) =>
      database.read(async (db) => {
        const named = db
          .selectFrom("sandboxes")
          .selectAll()
          .where("workspace", "=", workspace)
          .where("name", "=", name);
        const row = await named.executeTakeFirst();
        return row && toSandbox(row);
      }),

    insert: (sandbox) =>
      database.write(async (db) => {
        const { numInsertedOrUpdatedRows } = await db
          .insertInto("sandboxes")
          .values(toRow(sandbox))
          .onConflict((conflict) => conflict.doNothing())
          .executeTakeFirstOrThrow();
        return numInsertedOrUpdatedRows === 1n;
      }),

    setDesired: (id, desired) =>
      database.write(async (db) => {
        const row = await db
          .updateTable("sandboxes")
          .set(({ ref, eb }) => ({
            desired,
            halted: eb.case().when("desired", "=", desired).then(ref("halted")).else(0).end(),
            resource_version: sql<number>`resource_version + 1`,
          }))
          .where("id", "=", id)
          .where("desired", "!=", "deleted")
          .returningAll()
          .executeTakeFirst();
        if (row) return toSandbox(row);
        if (desired !== "deleted") return undefined;
        const going = await db.selectFrom("sandboxes").selectAll().where("id", "=", id).executeTakeFirst();
        return going && toSandbox(going);
      }),

    setHalted: (id) =>
      database.write(async (db) => {
        const row = await db
          .updateTable("sandboxes")
          .set({ halted: 1 })
          .where("id", "=", id)
          .where("desired", "=", "stopped")
          .where("halted", "=", 0)
          .returningAll()
          .executeTakeFirst();
        const found = row ?? (await findStopped(db, id));
        return found && toSandbox(found);
      }),

    remove: (id) =>
      database.write(async (db) => {
        const { numDeletedRows } = await db.deleteFrom("sandboxes").where("id", "=", id).executeTakeFirstOrThrow();
        await db.deleteFrom("sandbox_sessions").where("sandbox_id", "=", id).execute();
        return numDeletedRows === 1n;
      }),
  };
}

const findStopped = (db: Queries, id: SandboxId) =>
  db.selectFrom("sandboxes").selectAll().where("id", "=", id).where("desired", "=", "stopped").executeTakeFirst();

const toRow = (sandbox: StoredSandbox): SandboxRow => ({
  id: sandbox.id,
  workspace: sandbox.workspace,
  name: sandbox.name,
  spec: sandbox.spec,
  labels: JSON.stringify(sandbox.labels),
  annotations: JSON.stringify(sandbox.annotations),
  created_at: sandbox.createdAt,
  resource_version: sandbox.resourceVersion,
  desired: sandbox.desired,
  replica: sandbox.replica ?? null,
  halted: sandbox.halted ? 1 : 0,
});

const toSandbox = (row: Selectable<SandboxRow>): StoredSandbox => ({
  id: stored(row.id, parseSandboxId),
  workspace: row.workspace,
  name: row.name,
  spec: row.spec,
  labels: JSON.parse(row.labels),
  annotations: JSON.parse(row.annotations),
  createdAt: row.created_at,
  resourceVersion: row.resource_version,
  desired: row.desired,
  replica: row.replica ?? undefined,
  halted: row.halted !== 0,
});
