import { Kysely, PostgresDialect } from "kysely";
import type pg from "pg";
import { AsyncDisposableStack } from "../../core/disposable-stacks.ts";
import type { Log } from "../../core/log.ts";
import type { Secret } from "../../core/secret.ts";
import { describeFailure } from "../describe-failure.ts";
import type { Engine, EngineSurroundings } from "../engine.ts";
import { FollowedFeed } from "../feed/followed-feed.ts";
import { guardDatabase } from "../guard-database.ts";
import { migrate } from "../migrate.ts";
import type { Tables } from "../schema/index.ts";
import { PostgresChangeSource } from "./change-source.ts";
import { columnValues } from "./column-values.ts";
import { openPool } from "./pool.ts";
import { readConnectionUrl } from "./read-connection-url.ts";
import { demandUsable } from "./server.ts";
import { isPostgresUnavailable } from "./unavailable.ts";
import { writeByItself, writeInTransaction } from "./write-in-transaction.ts";

export interface PostgresLocation {
  readonly url: Secret;
  readonly connections?: number;
}

/** How often the feed looks without having been told to, in milliseconds; what bounds a revocation's way without hints. */
const everyMs = 1_000;

/** In milliseconds; the server's own limits come first, the client's are for servers that say nothing any more. */
const limits = {
  connectionTimeoutMillis: 3_000,
  lock_timeout: 3_000,
  statement_timeout: 5_000,
  idle_in_transaction_session_timeout: 10_000,
  query_timeout: 7_000,
};

/** What the feed asks takes no time: a connection that is silent for as long as this is replaced before the feed is blind. */
const feedLimits = { ...limits, connectionTimeoutMillis: 2_000, statement_timeout: 1_500, query_timeout: 2_000 };

/** A migration may rewrite a table, and another replica waits for it. */
const migrationLimits = { ...limits, lock_timeout: 0, statement_timeout: 0, query_timeout: 0 };

/** Opens a database on a Postgres server, which other gateways may use at the same time. See `openStore`. */
export async function openPostgres(
  { url, connections = 10 }: PostgresLocation,
  { log, clock }: EngineSurroundings,
): Promise<Engine> {
  const config: pg.ClientConfig = {
    ...readConnectionUrl(url),
    types: columnValues(),
    keepAlive: true,
    // What was acknowledged is on the disk, whatever the server's or the role's default.
    options: "-c synchronous_commit=on",
  };
  await prepare({ ...config, ...migrationLimits }, log);

  await using opening = new AsyncDisposableStack();
  const db = connect({ ...config, ...limits, max: connections }, log);
  opening.defer(() => db.destroy());
  async function announced<T>(writing: Promise<T>): Promise<T> {
    const value = await writing;
    feed.announce();
    return value;
  }
  const database = opening.use(
    guardDatabase(
      {
        read: (query) => query(db),
        write: (job) => announced(writeInTransaction(db, job)),
        writeOne: (statement) => announced(writeByItself(db, statement)),
      },
      { isUnavailable: isPostgresUnavailable, log, clock },
    ),
  );
  const feedConfig = { ...config, ...feedLimits, application_name: `${config.application_name} changes` };
  const feed = opening.use(
    new FollowedFeed({
      ...{ everyMs, clock, log },
      open: (hint) => PostgresChangeSource.open({ config: feedConfig, clock, hint }),
    }),
  );
  const life = opening.move();
  return { database, feed, [Symbol.asyncDispose]: () => life.disposeAsync() };
}

const connect = (config: pg.PoolConfig, log: Log): Kysely<Tables> =>
  new Kysely<Tables>({ dialect: new PostgresDialect({ pool: openPool(config, log) }) });

/** Brings the schema up to date over a connection of its own, which may take its time. */
async function prepare(config: pg.PoolConfig, log: Log): Promise<void> {
  const db = connect({ ...config, max: 1 }, log);
  try {
    await demandUsable(db);
    await migrate(db, log);
  } catch (cause) {
    if (!isPostgresUnavailable(cause)) throw cause;
    throw new Error(`the database cannot be used: ${describeFailure(cause).reason}`, { cause });
  } finally {
    await db.destroy();
  }
}
