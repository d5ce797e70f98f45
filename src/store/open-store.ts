import { type Clock, systemClock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import type { Secret } from "../core/secret.ts";
import type { FamilyStore } from "../tokens/index.ts";
import type { ChangeFeed } from "./change-feed.ts";
import type { Engine, EngineSurroundings } from "./engine.ts";
import { createFamilyStore } from "./families.ts";
import { createPolicyStore } from "./policies.ts";
import type { PolicyStore } from "./policy-store.ts";
import type { ReplicaStore } from "./replica-store.ts";
import { createReplicaStore } from "./replicas.ts";
import type { SandboxStore } from "./sandbox-store.ts";
import { createSandboxStore } from "./sandboxes.ts";
import { openSqlite } from "./sqlite/open-sqlite.ts";

/** Where the gateway's database is. */
export type DatabaseLocation =
  /** One file for one gateway; it and its directory are made where they are missing, readable for their owner alone. */
  | { readonly kind: "sqlite"; readonly path: string }
  /** A database that several gateways may share; see `readConnectionUrl` for what its URL may say. */
  | {
      readonly kind: "postgres";
      readonly url: Secret;
      /** Connections for queries, 10 where nothing is said; the change feed has one more. */
      readonly connections?: number;
    };

export interface StoreOptions {
  readonly database: DatabaseLocation;
  readonly log: Log;
  readonly clock?: Clock;
}

/** All that the gateway remembers. Disposing it finishes what was being written; later calls are refused as `store-unavailable`. */
export interface Store extends AsyncDisposable {
  readonly families: FamilyStore;
  readonly sandboxes: SandboxStore;
  readonly policies: PolicyStore;
  readonly replicas: ReplicaStore;
  /** What any replica commits. */
  readonly feed: ChangeFeed;
  /** Rejects with a `Refusal` `store-unavailable` where the database does not answer; for `/readyz`. */
  check(): Promise<void>;
}

/**
 * Opens the database and brings its schema up to date, once where several replicas try at the same time. Rejects where a
 * newer program wrote it, where it cannot be reached or read, and where another gateway uses the file. What it rejects
 * with holds nothing of a URL but the host's name.
 */
export async function openStore({ database: location, log, clock = systemClock }: StoreOptions): Promise<Store> {
  const engine = await openEngine(location, { log, clock });
  const { database, feed } = engine;
  return {
    families: createFamilyStore(database),
    sandboxes: createSandboxStore(database),
    policies: createPolicyStore(database),
    replicas: createReplicaStore(database),
    feed,
    check: async () =>
      void (await database.read((queries) => queries.selectNoFrom(({ lit }) => lit(1).as("one")).execute())),
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
  };
}

async function openEngine(location: DatabaseLocation, surroundings: EngineSurroundings): Promise<Engine> {
  switch (location.kind) {
    case "sqlite":
      return openSqlite(location.path, surroundings);
    case "postgres":
      return (await import("./postgres/open-postgres.ts")).openPostgres(location, surroundings);
  }
}
