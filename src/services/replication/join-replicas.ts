import type { SandboxDirectory } from "../../access/index.ts";
import type { Clock } from "../../core/clock.ts";
import { AsyncDisposableStack } from "../../core/disposable-stacks.ts";
import type { SandboxId } from "../../core/ids.ts";
import type { Log } from "../../core/log.ts";
import type { ReplicaIdentity, Store } from "../../store/index.ts";
import type { LogBuffer } from "../logs/index.ts";
import type { SandboxRegistry } from "../sandboxes/index.ts";
import { type SessionPlace, type Sessions, type SharedSessionStats, SharedSessions } from "../sessions/index.ts";
import { askingDirectory } from "./asking-directory.ts";
import { type Followers, followerOf } from "./follower-of.ts";

export interface ReplicationOptions {
  readonly store: Pick<Store, "feed" | "replicas" | "sandboxes">;
  readonly families: Followers["families"];
  readonly configuration: Followers["configuration"];
  readonly registry: SandboxRegistry;
  readonly sessions: Sessions;
  readonly replica: Pick<ReplicaIdentity, "id" | "name">;
  readonly logs: LogBuffer;
  readonly clock: Clock;
  readonly log: Log;
}

/** This gateway's part in a store that several share. Disposing of it leaves the others. */
export interface Replication extends AsyncDisposable {
  /** Finds sandboxes also that this replica has not heard of yet. */
  readonly directory: SandboxDirectory;
  /**
   * Takes this replica's place among the others and tells them which sessions it has, from now on.
   * @param url where they reach it
   */
  announce(url: string): Promise<void>;
  /** Where a sandbox's session is, for calls that need it. */
  locate(id: SandboxId): SessionPlace | undefined;
  /** Gives the place to a successor of the same name, should one come; to be called when the gateway begins to drain. */
  retire(): void;
  /** Why this replica has no place among the others; undefined where it has, or where the store does not answer. */
  problem(): string | undefined;
  stats(): SharedSessionStats;
}

/**
 * Begins to learn what other replicas commit. All that is in memory is true to the store when this resolves.
 * @throws Refusal `store-unavailable`.
 */
export async function joinReplicas(options: ReplicationOptions): Promise<Replication> {
  const { store, families, configuration, registry, sessions, replica, logs, clock, log } = options;
  await using joining = new AsyncDisposableStack();
  const shared = joining.use(
    new SharedSessions({ ...{ sessions, replica, logs, clock, log }, store: store.replicas, presence: registry }),
  );
  const follower = followerOf({ families, configuration, sandboxes: registry.follower, sessions: shared.follower });
  joining.use(await store.feed.follow(follower));
  const joined = joining.move();
  return {
    directory: askingDirectory({ registry, configuration, store: store.sandboxes, sessions: shared.follower }),
    announce: (url) => shared.start(url),
    locate: (id) => shared.locate(id),
    retire: () => shared.retire(),
    problem: () => shared.problem(),
    stats: () => shared.stats(),
    [Symbol.asyncDispose]: () => joined.disposeAsync(),
  };
}
