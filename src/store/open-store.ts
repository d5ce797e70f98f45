import { Kysely } from "kysely";
import { AsyncDisposableStack } from "../core/disposable-stacks.ts";
import type { Log } from "../core/log.ts";
import { Refusal } from "../core/refusal.ts";
import type { FamilyStore } from "../tokens/index.ts";
import type { Database } from "./database.ts";
import { createFamilyStore } from "./families.ts";
import { CommitFailure, GroupCommit } from "./group-commit.ts";
import { migrate } from "./migrate.ts";
import { createPolicyStore } from "./policies.ts";
import type { PolicyStore } from "./policy-store.ts";
import type { SandboxStore } from "./sandbox-store.ts";
import { createSandboxStore } from "./sandboxes.ts";
import type { Tables } from "./schema/index.ts";
import { claimFile } from "./sqlite/claim-file.ts";
import { NodeSqliteDialect } from "./sqlite/dialect.ts";
import { isSqliteUnavailable } from "./sqlite/unavailable.ts";

export interface StoreOptions {
  /** The database file; it and its directory are made where they are missing, readable for their owner alone. */
  readonly path: string;
  readonly log: Log;
}

/** All that the gateway remembers. Disposing it finishes what was being written; later calls are refused as `store-unavailable`. */
export interface Store extends AsyncDisposable {
  readonly families: FamilyStore;
  readonly sandboxes: SandboxStore;
  readonly policies: PolicyStore;
  /** Rejects with a `Refusal` `store-unavailable` where the database does not answer; for `/readyz`. */
  check(): Promise<void>;
}

/**
 * Opens the database and brings its schema up to date. Rejects where another gateway uses it, where a newer program
 * wrote it, and where it cannot be read.
 */
export async function openStore({ path, log }: StoreOptions): Promise<Store> {
  await using opening = new AsyncDisposableStack();
  opening.use(claimFile(path));
  const db = new Kysely<Tables>({ dialect: new NodeSqliteDialect(path) });
  opening.defer(() => db.destroy());
  await migrate(db, log);
  const writes = opening.use(new GroupCommit(db));
  let open = true;
  opening.defer(() => {
    open = false;
  });
  const database = guarded(db, writes, { log, isOpen: () => open });
  const life = opening.move();
  return {
    families: createFamilyStore(database),
    sandboxes: createSandboxStore(database),
    policies: createPolicyStore(database),
    check: async () =>
      void (await database.read((queries) => queries.selectNoFrom(({ lit }) => lit(1).as("one")).execute())),
    [Symbol.asyncDispose]: () => life.disposeAsync(),
  };
}

/** Tells a database that is not there from a query that is wrong. */
function guarded(
  db: Kysely<Tables>,
  writes: GroupCommit<Tables>,
  { log, isOpen }: { log: Log; isOpen: () => boolean },
): Database {
  const answer = async <T>(work: () => Promise<T>): Promise<T> => {
    if (!isOpen()) throw new Refusal("store-unavailable");
    try {
      return await work();
    } catch (thrown) {
      if (!(thrown instanceof CommitFailure) && !isSqliteUnavailable(thrown)) throw thrown;
      log.error({ err: thrown }, "the database did not do its work");
      throw new Refusal("store-unavailable", { cause: thrown });
    }
  };
  return {
    read: (query) => answer(() => query(db)),
    write: (job) => answer(() => writes.write(job)),
  };
}
