import { join } from "node:path";
import { FakeClock } from "../../support/fake-clock.ts";
import { KeyDirectory } from "../../support/key-directory.ts";
import { type TestDatabase, usePostgres } from "../../support/postgres.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";
import { lastingPort } from "./lasting-port.ts";
import { Replica, type TestSandbox } from "./replica.ts";
import type { ReplicaOptions } from "./replica-process.ts";

/** What one replica has of its own. */
type ReplicaSettings = Pick<ReplicaOptions, "tokens" | "skewMs"> & {
  /** Where it reaches the database, if not where it is. */
  readonly databaseUrl?: string;
};

/** Two gateways on one database, with one ring of keys. */
export interface Replicas extends AsyncDisposable {
  readonly a: Replica;
  readonly b: Replica;
  readonly both: readonly [Replica, Replica];
  readonly database: TestDatabase;
  readonly keys: KeyDirectory;
  /** Creates a sandbox that one of them runs. */
  createSandbox(owner: Replica, name?: string): Promise<TestSandbox>;
}

export interface ReplicasOptions {
  /** A new one where none is given. */
  readonly database?: TestDatabase;
  /** For both. */
  readonly tokens?: ReplicaOptions["tokens"];
  readonly a?: ReplicaSettings;
  readonly b?: ReplicaSettings;
}

/** Refreshes come faster in tests than those of any honest supervisor. */
export const unlimited = { refreshPerMinute: 1_000_000, refreshBurst: 1_000_000 };

/** Starts them; both serve when this resolves. */
export async function startReplicas(options: ReplicasOptions = {}): Promise<Replicas> {
  await using life = new AsyncDisposableStack();
  const database = options.database ?? life.use(await life.use(await usePostgres()).createDatabase());
  const directory = life.use(temporaryDirectory()).path;
  const keys = life.use(new KeyDirectory({ clock: new FakeClock(Date.now()) }));
  const start = async (name: "a" | "b"): Promise<Replica> => {
    const { tokens, ...own } = { tokens: options.tokens, ...options[name] };
    const shared = { name, port: await lastingPort(), databaseUrl: database.url.reveal(), keyPaths: keys.paths };
    const tokenDirectory = join(directory, name);
    const given = { ...shared, tokenDirectory, ...own, ...(tokens && { tokens }) };
    return life.use(await Replica.start(given, join(directory, `${name}.log`)));
  };
  const [a, b] = await Promise.all([start("a"), start("b")]);
  const owned = life.move();
  return {
    ...{ a, b, both: [a, b], database, keys },
    createSandbox: (owner, name) => owner.createSandbox(name),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
