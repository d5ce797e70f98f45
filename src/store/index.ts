/**
 * What the gateway remembers: SQLite by default, one query file an entity, numbered migrations. Writes resolve when they
 * are on the disk, and concurrent ones share a transaction.
 */
export { openStore, type Store } from "./open-store.ts";
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
export type { SandboxStore, StoredSandbox } from "./sandbox-store.ts";
