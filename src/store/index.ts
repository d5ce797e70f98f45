/**
 * What the gateway remembers: in SQLite by default, in Postgres where several replicas share it. One query file an entity,
 * numbered migrations, one feed of changes. Writes resolve when they are on the disk.
 */
export { backup, restore } from "./backup.ts";
export type { Change, Follower } from "./change-feed.ts";

export { type DatabaseLocation, openStore, type Store } from "./open-store.ts";
export type {
  Author,
  Changed,
  ConfigScope,
  PolicyReport,
  PolicyStore,
  PolicyText,
  ScopeChange,
  Standing,
  StoredScope,
} from "./policy-store.ts";
export type { OpenedSession, ReplicaIdentity, ReplicaStore, SessionName, StoredSession } from "./replica-store.ts";
export type { SandboxStore, StoredSandbox } from "./sandbox-store.ts";
