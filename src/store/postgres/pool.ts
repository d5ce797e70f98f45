import type { PostgresPool, PostgresPoolClient, PostgresQueryResult } from "kysely";
import pg from "pg";
import type { Log } from "../../core/log.ts";
import { describeFailure } from "../describe-failure.ts";
import { ConnectionFailure, isConflict, isPostgresUnavailable } from "./unavailable.ts";

/** How long a connection serves at most, so that all of them are at the right server soon after a failover, in seconds. */
const longestLifeSeconds = 300;

/** A bounded pool for kysely, in which a connection that failed is not used again. */
export function openPool(config: pg.PoolConfig, log: Log): PostgresPool {
  const pool = new pg.Pool({ maxLifetimeSeconds: longestLifeSeconds, ...config });
  pool.on("error", (error) => log.warn(describeFailure(error), "an idle connection to the database was lost"));
  return {
    options: {},
    connect: async () => guardClient(await pool.connect().catch(fail)),
    end: () => pool.end(),
  };
}

function fail(cause: unknown): never {
  throw new ConnectionFailure(cause);
}

function guardClient(client: pg.PoolClient): PostgresPoolClient {
  let isSpoilt = false;
  const noteLoss = () => {
    isSpoilt = true;
  };
  client.on("error", noteLoss);
  async function run<R>(sql: string, parameters: ReadonlyArray<unknown>): Promise<PostgresQueryResult<R>> {
    try {
      const result = await client.query(sql, [...parameters]);
      return result as unknown as PostgresQueryResult<R>;
    } catch (thrown) {
      // A value that could not be read; the connection is none the worse for it.
      if (thrown instanceof RangeError) throw thrown;
      const isServers = thrown instanceof pg.DatabaseError;
      isSpoilt ||= !isServers || (isPostgresUnavailable(thrown) && !isConflict(thrown));
      throw isServers ? thrown : new ConnectionFailure(thrown);
    }
  }
  return {
    query: run as PostgresPoolClient["query"],
    release(destroy) {
      client.off("error", noteLoss);
      client.release(destroy === true || isSpoilt);
    },
  };
}
