import { join } from "node:path";
import { systemClock } from "../../../src/core/clock.ts";
import type { SandboxId } from "../../../src/core/ids.ts";
import { silentLog } from "../../../src/core/log.ts";
import { backup, openStore, restore, type Store } from "../../../src/store/index.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";
import type { SharedDatabase } from "../../support/temporary-store.ts";

/** A real database under two replicas, that can be put back to an older copy. */
export interface Database extends AsyncDisposable {
  /** The store of each replica; another object after the database was restored while nobody used it. */
  readonly stores: readonly [Store, Store];
  /** Does a restore need that nobody uses the database? */
  readonly restoresAtRest: boolean;
  /** Keeps a copy of a sandbox's families, or of everything. */
  backup(sandboxId: SandboxId): Promise<void>;
  /** Puts the last copy back; false where there is none. */
  restore(sandboxId: SandboxId): Promise<boolean>;
  /** No copy is kept any more. */
  forget(): void;
}

/** One file; two gateways never share one, but two of anything else that deals with tokens can. */
export async function sqliteDatabase(): Promise<Database> {
  const directory = temporaryDirectory();
  const location = { kind: "sqlite", path: join(directory.path, "gateway.db") } as const;
  const open = () => openStore({ database: location, log: silentLog });
  let store = await open();
  let copies = 0;
  let copy: string | undefined;
  return {
    restoresAtRest: true,
    get stores() {
      return [store, store] as const;
    },
    async backup() {
      copies += 1;
      const path = join(directory.path, `copy-${copies}.db`);
      await backup(location, path);
      copy = path;
    },
    async restore() {
      if (copy === undefined) return false;
      await store[Symbol.asyncDispose]();
      // Those that are set aside are named for the time.
      const clock = { ...systemClock, now: () => Date.now() + copies * 60_000 };
      copies += 1;
      await restore(location, copy, clock);
      store = await open();
      return true;
    },
    forget() {
      copy = undefined;
    },
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      directory[Symbol.dispose]();
    },
  };
}

/** One database with two stores; a copy comes back in one transaction, under the gateways' feet. */
export async function postgresDatabase(shared: SharedDatabase): Promise<Database> {
  const stores = [await shared.open({ connections: 4 }), await shared.open({ connections: 4 })] as const;
  const client = await shared.database.connect();
  let hasCopy = false;
  return {
    stores,
    restoresAtRest: false,
    async backup(sandboxId) {
      await client.query("drop table if exists copied");
      await client.query("create temporary table copied as select * from token_families limit 0");
      await client.query("insert into copied select * from token_families where sandbox_id = $1", [sandboxId]);
      hasCopy = true;
    },
    async restore(sandboxId) {
      if (!hasCopy) return false;
      await client.query("begin");
      await client.query("delete from token_families where sandbox_id = $1", [sandboxId]);
      await client.query("insert into token_families select * from copied");
      await client.query("commit");
      return true;
    },
    forget() {
      hasCopy = false;
    },
    async [Symbol.asyncDispose]() {
      await client.end();
      await shared[Symbol.asyncDispose]();
    },
  };
}
