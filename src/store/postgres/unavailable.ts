import pg from "pg";

/** The connection is not there, whatever was asked of it: it could not be opened, or it broke. */
export class ConnectionFailure extends Error {
  override readonly name = "ConnectionFailure";

  constructor(cause: unknown) {
    super("the connection to the database failed", { cause });
  }
}

/**
 * SQLSTATE classes that accuse the server and not the query (postgresql.org/docs/current/errcodes-appendix.html):
 * connection exception, invalid authorization, insufficient resources, operator intervention (timeouts too), system
 * error.
 */
const classes = new Set(["08", "28", "53", "57", "58"]);
/**
 * Read-only after a failover, idle for too long, no such database, a lock that was not to be had, outcome unknown, data
 * corrupted.
 */
const codes = new Set(["25006", "25P03", "3D000", "55P03", "40003", "XX001", "XX002"]);
/** Serialization failure, deadlock. */
const conflicts = new Set(["40001", "40P01"]);

const isServerError = (thrown: unknown): thrown is pg.DatabaseError & { code: string } =>
  thrown instanceof pg.DatabaseError && thrown.code !== undefined;

/** Whether the database could not do its work, whatever the query was. */
export function isPostgresUnavailable(thrown: unknown): boolean {
  if (thrown instanceof ConnectionFailure || isConflict(thrown)) return true;
  return isServerError(thrown) && (classes.has(thrown.code.slice(0, 2)) || codes.has(thrown.code));
}

/** Whether the transaction met another one and nothing of it was done; it may well work when it is tried again. */
export const isConflict = (thrown: unknown): boolean => isServerError(thrown) && conflicts.has(thrown.code);
