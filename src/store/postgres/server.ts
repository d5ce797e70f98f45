import { type Kysely, sql } from "kysely";

/** Transaction ids of 64 bits, by which the change feed works, came with this one. */
const oldest = 13;

/** @throws Error where the server is too old, or a standby, to which nothing can be written. */
export async function demandUsable<T>(db: Kysely<T>): Promise<void> {
  const { rows } = await sql<{ version: number; isStandby: boolean }>`
    select current_setting('server_version_num')::int / 10000 as version, pg_is_in_recovery() as "isStandby"
  `.execute(db);
  const [server] = rows;
  if (!server || server.version < oldest) {
    throw new Error(`the database is Postgres ${server?.version}; ${oldest} or later is needed`);
  }
  if (server.isStandby) throw new Error("the database is a standby, to which nothing can be written");
}
