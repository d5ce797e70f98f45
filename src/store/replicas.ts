import { sql } from "kysely";
import type { Database, Queries } from "./database.ts";
import { databaseNow, isSqlite, takeTurns } from "./engine-differences.ts";
import type { ReplicaStore } from "./replica-store.ts";
import { readSessions, removeClosed, removeSessionsOf, writeOpened } from "./sessions.ts";

/**
 * Replicas and their sessions in the database. Every transaction locks a replica before sessions, and sessions once, in
 * the order of their sandboxes, so that replicas which take over each other's sandboxes never block each other.
 */
export function createReplicaStore(database: Database): ReplicaStore {
  return {
    register: ({ id, name, url }) =>
      database.write(async (db) => {
        await takeTurns(db, name);
        const before = await db
          .deleteFrom("replicas")
          .where(({ or, eb }) => or([eb("name", "=", name), eb("id", "=", id)]))
          .returning("id")
          .execute();
        await removeSessionsOf(
          db,
          before.map((replica) => replica.id),
        );
        const row = { id, name, url, renewed_at: databaseNow(db) };
        await db.insertInto("replicas").values(row).execute();
      }),

    renew: (id, leaseMs) =>
      database.write(async (db) => {
        const { numUpdatedRows } = await db
          .updateTable("replicas")
          .set({ renewed_at: databaseNow(db) })
          .where("id", "=", id)
          .executeTakeFirstOrThrow();
        return { held: numUpdatedRows === 1n, ended: await endOthers(db, id, leaseMs) };
      }),

    leave: (id) =>
      database.write(async (db) => {
        await db.deleteFrom("replicas").where("id", "=", id).execute();
        await removeSessionsOf(db, [id]);
      }),

    async record(id, { opened, closed }) {
      const whileRegistered = (work: (db: Queries) => Promise<void>) =>
        database.write(async (db) => {
          const isRegistered = await holdReplica(db, id);
          if (isRegistered) await work(db);
          return isRegistered;
        });
      // In one transaction the two would lock sessions out of order.
      const isWritten = opened.length === 0 || (await whileRegistered((db) => writeOpened(db, id, opened)));
      if (!isWritten || (opened.length > 0 && closed.length === 0)) return isWritten;
      return whileRegistered((db) => removeClosed(db, id, closed));
    },

    loadSessions: () => database.read((db) => readSessions(db)),

    findSessions: (ids) => database.read((db) => readSessions(db, ids)),
  };
}

/**
 * Ends the replicas whose lease ran out; their names. One that would run out later than a lease from now was given by
 * another clock, as after a restore, and counts too. A replica that is at work this moment lives, and is passed over.
 */
async function endOthers(db: Queries, id: string, leaseMs: number): Promise<string[]> {
  const now = databaseNow(db);
  const late = db
    .selectFrom("replicas")
    .select("id")
    .where("id", "<>", id)
    .where(({ between, not }) =>
      not(between("renewed_at", sql<number>`${now} - ${leaseMs}`, sql<number>`${now} + ${leaseMs}`)),
    )
    .$if(!isSqlite(db), (query) => query.forUpdate().skipLocked());
  const ended = await db.deleteFrom("replicas").where("id", "in", late).returning(["id", "name"]).execute();
  await removeSessionsOf(
    db,
    ended.map((replica) => replica.id),
  );
  return ended.map(({ name }) => name);
}

/** Keeps a replica registered until the transaction ends, if it is; it can renew its lease meanwhile. */
async function holdReplica(db: Queries, id: string): Promise<boolean> {
  const registered = db
    .selectFrom("replicas")
    .select("id")
    .where("id", "=", id)
    .$if(!isSqlite(db), (query) => query.forKeyShare());
  return (await registered.executeTakeFirst()) !== undefined;
}
