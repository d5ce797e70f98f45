import { Kysely } from "kysely";
import { AsyncDisposableStack } from "../../core/disposable-stacks.ts";
import type { Queries } from "../database.ts";
import type { Engine, EngineSurroundings } from "../engine.ts";
import { FollowedFeed } from "../feed/followed-feed.ts";
import { guardDatabase } from "../guard-database.ts";
import { migrate } from "../migrate.ts";
import type { Tables } from "../schema/index.ts";
import { SqliteChangeSource } from "./change-source.ts";
import { claimFile } from "./claim-file.ts";
import { NodeSqliteDialect } from "./dialect.ts";
import { CommitFailure, GroupCommit } from "./group-commit.ts";
import { isSqliteUnavailable } from "./unavailable.ts";

/**
 * Opens a database file for this process alone. Its feed knows by its own writes when there is something new, and is
 * never blind: staleness is 0.
 */
export async function openSqlite(path: string, { log, clock }: EngineSurroundings): Promise<Engine> {
  await using opening = new AsyncDisposableStack();
  opening.use(claimFile(path));
  const db = new Kysely<Tables>({ dialect: new NodeSqliteDialect(path) });
  opening.defer(() => db.destroy());
  await migrate(db, log);
  const writes = opening.use(new GroupCommit(db));
  async function write<T>(job: (db: Queries) => Promise<T>): Promise<T> {
    const value = await writes.write(job);
    feed.hint();
    return value;
  }
  const isUnavailable = (thrown: unknown) => thrown instanceof CommitFailure || isSqliteUnavailable(thrown);
  const database = opening.use(
    guardDatabase(
      // A single statement shares a transaction with others: the wait for the disk is what costs.
      { read: (query) => query(db), write, writeOne: write },
      { isUnavailable, log, clock },
    ),
  );
  const feed = opening.use(
    new FollowedFeed({
      ...{ everyMs: Number.POSITIVE_INFINITY, clock, log },
      open: async () => new SqliteChangeSource(database, clock),
    }),
  );
  const life = opening.move();
  return {
    database,
    feed: { follow: (follower) => feed.follow(follower), staleness: () => 0 },
    [Symbol.asyncDispose]: () => life.disposeAsync(),
  };
}
