import type { SandboxId } from "../core/ids.ts";

/** A gateway process among those that share the store. */
export interface ReplicaIdentity {
  /** A UUID, made at each start. */
  readonly id: string;
  /** Lasts over restarts; no two live processes have the same. */
  readonly name: string;
  /** Where the others reach it. */
  readonly url: string;
}

/** One session of a sandbox's supervisor; a sandbox has one at a time. */
export interface SessionName {
  readonly sandboxId: SandboxId;
  readonly sessionId: string;
}

export interface OpenedSession extends SessionName {
  /** Which run of the supervisor it is. */
  readonly instanceId: string;
}

/** A session, and the replica that holds it. */
export interface StoredSession extends OpenedSession {
  readonly replica: ReplicaIdentity;
}

/**
 * Which replicas live, and which of them holds a sandbox's session. A replica lives as long as it renews its lease; the
 * database's clock alone counts. Rejections are as for `FamilyStore`, and every call may be made again after one.
 */
export interface ReplicaStore {
  /** Begins a replica's life, without sessions. Whoever had its name or its id before is gone, with its sessions. */
  register(replica: ReplicaIdentity): Promise<void>;
  /**
   * Renews a replica's lease, and ends the replicas that have not renewed theirs for longer than `leaseMs`, with their
   * sessions. `held` is false where this replica is not registered any more, because it came too late or another took
   * its name; `ended` are the names of the others.
   */
  renew(id: string, leaseMs: number): Promise<{ readonly held: boolean; readonly ended: string[] }>;
  /** Ends a replica's life, and its sessions with it. */
  leave(id: string): Promise<void>;
  /**
   * Records what sessions a replica has, and then what it has no longer. One that was opened takes the place of the
   * sandbox's session, whoever has that; of several of one sandbox the last counts. One that was closed is forgotten where
   * it is still the sandbox's session. False where the replica is not registered: nothing of it is stored then.
   */
  record(
    id: string,
    sessions: { readonly opened: readonly OpenedSession[]; readonly closed: readonly SessionName[] },
  ): Promise<boolean>;
  /** The sessions of all replicas that are registered, in no order. */
  loadSessions(): Promise<StoredSession[]>;
  /** Those of the sandboxes' sessions that there are, in no order. */
  findSessions(ids: readonly SandboxId[]): Promise<StoredSession[]>;
}
