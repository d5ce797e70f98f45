import type { Clock } from "../../core/clock.ts";
import { DisposableStack } from "../../core/disposable-stacks.ts";
import type { SandboxId } from "../../core/ids.ts";
import type { Log } from "../../core/log.ts";
import type { ReplicaIdentity, ReplicaStore, StoredSession } from "../../store/index.ts";
import type { LogBuffer } from "../logs/index.ts";
import { ReplicaLease } from "./replica-lease.ts";
import type { Session } from "./session.ts";
import { SessionRecorder } from "./session-recorder.ts";
import type { Sessions } from "./sessions.ts";

export interface SharedSessionsOptions {
  readonly sessions: Sessions;
  readonly store: ReplicaStore;
  /** Who wants to know which sandboxes have a session on another replica. */
  readonly presence: {
    /**
     * Another live replica has the sandbox's session, or undefined: none has it any more. May be said twice, and of
     * sandboxes that nobody knows. Of one that has a session here an instance is named only where that is about to end.
     */
    sessionElsewhere(id: SandboxId, instanceId: string | undefined): void;
  };
  readonly replica: Pick<ReplicaIdentity, "id" | "name">;
  /** Where users see what happened to their sandbox's session. */
  readonly logs: Pick<LogBuffer, "append">;
  readonly clock: Clock;
  readonly log: Log;
  /** After how long without a renewal a replica counts as dead, in milliseconds; 6000 unless told, alike on all. */
  readonly leaseMs?: number;
  /** How often the lease is renewed, in milliseconds; 2000 unless told. */
  readonly renewEveryMs?: number;
}

/** Which replica has a sandbox's session. */
export type SessionPlace =
  | { readonly at: "here"; readonly session: Session }
  | { readonly at: "elsewhere"; readonly replica: ReplicaIdentity; readonly sessionId: string };

export interface SharedSessionStats {
  /** Sandboxes whose session another replica has. */
  readonly elsewhere: number;
  /** Names of other replicas that have sessions, sorted. */
  readonly replicas: readonly string[];
  /** Sandboxes of whose sessions the store does not know yet. */
  readonly unrecorded: number;
  /** How often the store did not take what was to be recorded. */
  readonly recordFailures: number;
  /** How often this replica was taken for dead, or lost its name. */
  readonly leaseLosses: number;
}

/**
 * The sessions of all replicas (weakness 10 of the reference): what this process has is told to the store, and what
 * others told it is learned here. A sandbox has one row in the store, which whoever records last takes.
 *
 * **Which of two sessions of a sandbox ends.** A supervisor that has lost its connection connects again, perhaps to
 * another replica, while the old one still believes in it. The rule: a session here ends when another replica has the
 * row, and this session had been recorded before the row was read.
 *
 * - It is right: a row changes hands only by a record, so the other's record came after ours, and the other's session was
 *   open then, most likely because it is newer. "Before the row was read" matters: a read that began before our record
 *   was committed may show what our record has replaced.
 * - A session that was not recorded yet when the row was read ends nothing and is not ended: it takes the row soon, and
 *   then the same rule ends the other one, there.
 * - "Recorded" is known from the answer or from finding the row, and lasts: a replica that was taken for dead first reads
 *   what the others have and only then records anew, so that supervisors which went elsewhere meanwhile are left alone.
 *   An answer that was lost means only that a session counts as not recorded for longer than need be.
 * - The order of records is not always that of the hellos: a batch may be under way, or be tried again after a failure.
 *   Then the older session, whose supervisor is gone, ends the newer one. The supervisor says hello once more, and that
 *   session is recorded after the old one's record, so that now the old one ends.
 * - It comes to rest: a session is recorded once, and again only where its answer was lost or its row was (its replica
 *   registered again, somebody removed the row). One record ends at most one session, so without new hellos nothing more
 *   happens. Two supervisors that both live and want the same sandbox would go on for ever, as they would with a single
 *   gateway; no driver runs two.
 */
export class SharedSessions implements AsyncDisposable {
  readonly #options: SharedSessionsOptions;
  readonly #elsewhere = new Map<SandboxId, StoredSession>();
  readonly #recorder: SessionRecorder;
  readonly #lease: ReplicaLease;
  readonly #watching = new DisposableStack();
  #reading: Promise<unknown> = Promise.resolve();

  /** Keeps what is true in memory; each call rejects with what the store rejects with. */
  readonly follower = {
    reload: (): Promise<void> => this.#inTurn(() => this.#reload()),
    learn: (ids: readonly SandboxId[]): Promise<void> => this.#inTurn(() => this.#learn(ids)),
  };

  constructor(options: SharedSessionsOptions) {
    const { sessions, store, replica, clock, log, leaseMs, renewEveryMs } = options;
    this.#options = options;
    this.#recorder = new SessionRecorder({
      ...{ store, clock, log, replicaId: replica.id },
      current: (id) => sessions.get(id),
      onUnregistered: () => this.#lease.check(),
    });
    this.#lease = new ReplicaLease({
      ...{ store, clock, log, leaseMs, everyMs: renewEveryMs },
      onRegained: () => this.#recordAnew(),
    });
    this.#watching.use(sessions.onChange((id) => this.#changed(id)));
  }

  /**
   * Registers this replica and records what sessions it has already. Rejects where the store does not answer.
   * @param url where other replicas reach this one
   */
  async start(url: string): Promise<void> {
    await this.#lease.begin({ ...this.#options.replica, url });
    this.#recorder.start();
  }

  /** Where a sandbox's session is, as far as is known here: where a call that needs it is to be made. */
  locate(id: SandboxId): SessionPlace | undefined {
    const session = this.#options.sessions.get(id);
    if (session) return { at: "here", session };
    const stored = this.#elsewhere.get(id);
    return stored && { at: "elsewhere", replica: stored.replica, sessionId: stored.sessionId };
  }

  /** Why this replica cannot take its place among the others although the store answers; for `/readyz`. */
  problem(): string | undefined {
    return this.#lease.problem();
  }

  /** To be said when the gateway begins to drain: a successor of the same name may take its place. */
  retire(): void {
    this.#lease.retire();
  }

  stats(): SharedSessionStats {
    const { waiting, failures } = this.#recorder.stats();
    const names = [...this.#elsewhere.values()].map(({ replica }) => replica.name);
    return {
      elsewhere: this.#elsewhere.size,
      replicas: [...new Set(names)].sort(),
      unrecorded: waiting,
      recordFailures: failures,
      leaseLosses: this.#lease.losses,
    };
  }

  /**
   * Ends the sessions of this process and, within two seconds, this replica's place in the store with all that it
   * recorded; where the store does not answer, others find out when the lease has run out.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#options.sessions[Symbol.dispose]();
    this.#watching.dispose();
    this.#recorder[Symbol.dispose]();
    await this.#lease[Symbol.asyncDispose]();
  }

  #changed(id: SandboxId): void {
    const { sessions, presence } = this.#options;
    const stored = this.#elsewhere.get(id);
    if (stored && !sessions.get(id)) presence.sessionElsewhere(id, stored.instanceId);
    this.#recorder.changed([id]);
  }

  /** One read at a time, so that no older answer comes after a newer one. */
  #inTurn(read: () => Promise<void>): Promise<void> {
    const turn = this.#reading.then(read);
    this.#reading = Promise.allSettled([turn]);
    return turn;
  }

  async #reload(): Promise<void> {
    const { sessions, store } = this.#options;
    const recorded = this.#recordedOf(sessions.list());
    const rows = rowsOf(await store.loadSessions());
    const here = sessions.list().map(({ sandboxId }) => sandboxId);
    for (const id of new Set([...rows.keys(), ...this.#elsewhere.keys(), ...here]))
      this.#take(id, rows.get(id), recorded.get(id));
  }

  async #learn(ids: readonly SandboxId[]): Promise<void> {
    const { sessions, store } = this.#options;
    const recorded = this.#recordedOf(ids.map((id) => sessions.get(id)));
    const rows = rowsOf(await store.findSessions(ids));
    for (const id of ids) this.#take(id, rows.get(id), recorded.get(id));
  }

  /** @param recorded the sandbox's session here, where it had been recorded before the row was read */
  #take(id: SandboxId, row: StoredSession | undefined, recorded: Session | undefined): void {
    const { sessions, presence, replica } = this.#options;
    if (row && row.replica.id !== replica.id) {
      this.#tellWhere(row);
      this.#elsewhere.set(id, row);
      const local = sessions.get(id);
      if (local && local !== recorded) return;
      // First the other session and then the end of ours: the sandbox is never without.
      presence.sessionElsewhere(id, row.instanceId);
      const { sessionId, instanceId } = row;
      if (local) sessions.supersede(local, { sessionId, instanceId, replica: row.replica.name });
      return;
    }
    if (this.#elsewhere.delete(id)) presence.sessionElsewhere(id, undefined);
    this.#recorder.found(id, row?.sessionId, recorded);
  }

  /** Lines of sandboxes stay with the replica that got them: whoever looks for them here is told where they are. */
  #tellWhere({ sandboxId, sessionId, instanceId, replica: { name } }: StoredSession): void {
    if (this.#elsewhere.get(sandboxId)?.sessionId === sessionId) return;
    const message = `the supervisor is connected to replica ${name}, which keeps its lines`;
    const fields = { session: sessionId, instance: instanceId, replica: name };
    const line = { level: "INFO", target: "gateway.sessions", message, fields };
    this.#options.logs.append(sandboxId, "gateway", [line]);
  }

  /** Those that were recorded, by their sandboxes. */
  #recordedOf(sessions: readonly (Session | undefined)[]): ReadonlyMap<SandboxId, Session> {
    const recorded = sessions
      .filter((session) => session !== undefined)
      .filter((one) => this.#recorder.isRecorded(one));
    return new Map(recorded.map((session) => [session.sandboxId, session]));
  }

  async #recordAnew(): Promise<void> {
    await this.follower.reload();
    this.#recorder.recordAnew(this.#options.sessions.list().map(({ sandboxId }) => sandboxId));
  }
}

const rowsOf = (stored: readonly StoredSession[]): ReadonlyMap<SandboxId, StoredSession> =>
  new Map(stored.map((session) => [session.sandboxId, session]));
