import { type RawBuilder, type Selectable, type SelectQueryBuilder, sql } from "kysely";
import { parseSandboxId, type SandboxId } from "../core/ids.ts";
import type { Queries } from "./database.ts";
import { eachOf, isSqlite } from "./engine-differences.ts";
import type { OpenedSession, SessionName, StoredSession } from "./replica-store.ts";
import type { Tables } from "./schema/index.ts";
import type { SessionRow } from "./schema/replicas.ts";
import { stored } from "./stored.ts";

/** The sessions of the replicas that are registered; of all sandboxes, or of some. */
export async function readSessions(db: Queries, ids?: readonly SandboxId[]): Promise<StoredSession[]> {
  const rows = await db
    .selectFrom("sandbox_sessions")
    .innerJoin("replicas", "replicas.id", "sandbox_sessions.replica_id")
    .selectAll("sandbox_sessions")
    .select(["replicas.name", "replicas.url"])
    .$if(ids !== undefined, (query) => {
      const names = (ids ?? []).map((sandboxId) => ({ sandboxId }));
      return query.where("sandbox_id", "in", sandboxesOf(db, names));
    })
    .execute();
  return rows.map(toSession);
}

/** Makes them the sessions of their sandboxes, whoever has these; of several of one sandbox the last. */
export async function writeOpened(db: Queries, replicaId: string, opened: readonly OpenedSession[]): Promise<void> {
  if (opened.length === 0) return;
  const last = new Map(opened.map((session) => [session.sandboxId, session]));
  const sessions = [...last.values()].map((session) => ({ ...session, instanceId: storable(session.instanceId) }));
  await sql`
    insert into sandbox_sessions (sandbox_id, replica_id, session_id, instance_id)
      select value ->> 'sandboxId', ${replicaId}, value ->> 'sessionId', value ->> 'instanceId'
        from ${eachOf(db, sessions)} where true order by 1
      on conflict (sandbox_id) do update set
        replica_id = excluded.replica_id, session_id = excluded.session_id, instance_id = excluded.instance_id
  `.execute(db);
}

/** Forgets those that are still the sessions of their sandboxes, and the replica's. */
export async function removeClosed(db: Queries, replicaId: string, closed: readonly SessionName[]): Promise<void> {
  if (closed.length === 0) return;
  const names = sql`(select value ->> 'sandboxId', value ->> 'sessionId' from ${eachOf(db, closed)})`;
  const own = db.selectFrom("sandbox_sessions").select("sandbox_id").where("replica_id", "=", replicaId);
  await removeInOrder(db, own.where(sql<boolean>`(sandbox_id, session_id) in ${names}`));
}

export async function removeSessionsOf(db: Queries, replicaIds: readonly string[]): Promise<void> {
  if (replicaIds.length === 0) return;
  await removeInOrder(db, db.selectFrom("sandbox_sessions").select("sandbox_id").where("replica_id", "in", replicaIds));
}

type SandboxIds = SelectQueryBuilder<Tables, "sandbox_sessions", Pick<SessionRow, "sandbox_id">>;

async function removeInOrder(db: Queries, sessions: SandboxIds): Promise<void> {
  const held = sessions.orderBy("sandbox_id").$if(!isSqlite(db), (query) => query.forUpdate());
  await db.deleteFrom("sandbox_sessions").where("sandbox_id", "in", held).execute();
}

const sandboxesOf = (db: Queries, names: readonly { readonly sandboxId: SandboxId }[]): RawBuilder<SandboxId> =>
  sql`(select value ->> 'sandboxId' from ${eachOf(db, names)})`;

/** A supervisor names its runs itself, and Postgres takes neither a NUL nor half a character in a text. */
const storable = (text: string) => text.toWellFormed().replaceAll("\0", "\ufffd");

interface JoinedRow extends Selectable<SessionRow> {
  name: string;
  url: string;
}

const toSession = (row: JoinedRow): StoredSession => ({
  sandboxId: stored(row.sandbox_id, parseSandboxId),
  sessionId: row.session_id,
  instanceId: row.instance_id,
  replica: { id: row.replica_id, name: row.name, url: row.url },
});
