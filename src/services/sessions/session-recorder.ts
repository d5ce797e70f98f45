import type { Clock } from "../../core/clock.ts";
import type { SandboxId } from "../../core/ids.ts";
import type { Log } from "../../core/log.ts";
import { RetryWaits } from "../../core/retry-waits.ts";
import type { ReplicaStore, SessionName } from "../../store/index.ts";
import type { Session } from "./session.ts";

export interface SessionRecorderOptions {
  readonly store: Pick<ReplicaStore, "record">;
  readonly replicaId: string;
  /** The session that this process has for a sandbox at this moment. */
  readonly current: (id: SandboxId) => Session | undefined;
  /** The store knows no replica of this id. */
  readonly onUnregistered: () => void;
  readonly clock: Clock;
  readonly log: Log;
}

/** For how long changes are gathered before they are written, in milliseconds; while one is written the next gather. */
const gatherMs = 10;
/** Sandboxes in one transaction at most. */
const batchSize = 500;
const firstRetryMs = 100;
const longestRetryMs = 2_000;

/**
 * Writes to the store what sessions this process has, some time after they changed, many at once, one transaction at a
 * time, and again until it worked. Nothing waits for it. What is written of a sandbox is decided when it is written, so it
 * does not matter how often its session came and went before.
 */
export class SessionRecorder implements Disposable {
  readonly #options: SessionRecorderOptions;
  readonly #retries = new RetryWaits(firstRetryMs, longestRetryMs);
  /** Of which sandboxes something is to be written. */
  readonly #waiting = new Set<SandboxId>();
  /** The sessions of this process that the store may have, those whose writing failed included. */
  readonly #written = new Map<SandboxId, Set<string>>();
  readonly #recorded = new WeakSet<Session>();
  #timer: Disposable | undefined;
  #isWriting = false;
  #isStarted = false;
  #isEnded = false;
  #failures = 0;

  constructor(options: SessionRecorderOptions) {
    this.#options = options;
  }

  /** Begins to write, with what has been gathered until now. */
  start(): void {
    this.#isStarted = true;
    if (this.#waiting.size > 0) this.#writeAfter(gatherMs);
  }

  /** The sessions of these sandboxes are not what the store has, or may not be. */
  changed(ids: Iterable<SandboxId>): void {
    for (const id of ids) this.#waiting.add(id);
    if (this.#waiting.size > 0 && !this.#timer) this.#writeAfter(gatherMs);
  }

  /** The replica is registered again, and the store has none of these sandboxes' sessions. */
  recordAnew(ids: Iterable<SandboxId>): void {
    this.#retries.worked();
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    this.changed(ids);
  }

  /** Whether the session was in the store once, as far as is known. It may have lost its place since. */
  isRecorded(session: Session): boolean {
    return this.#recorded.has(session);
  }

  /**
   * Tells what the store has of this replica for a sandbox, and mends it.
   * @param stored the session's id, or undefined where this replica has none there
   * @param recorded the sandbox's session here where it had been recorded before the store was asked; of one that was
   * recorded only since, the answer proves nothing
   */
  found(id: SandboxId, stored: string | undefined, recorded: Session | undefined): void {
    const current = this.#options.current(id);
    if (current && stored === current.id) {
      this.#recorded.add(current);
    } else if (current ? current === recorded : stored !== undefined) {
      if (stored !== undefined) this.#note(id, stored);
      this.changed([id]);
    }
  }

  /** How many sandboxes wait to be written, and how often writing failed. */
  stats(): { readonly waiting: number; readonly failures: number } {
    return { waiting: this.#waiting.size, failures: this.#failures };
  }

  /** Begins nothing more. */
  [Symbol.dispose](): void {
    this.#isEnded = true;
    this.#timer?.[Symbol.dispose]();
  }

  #writeAfter(ms: number): void {
    if (!this.#isStarted || this.#isEnded || this.#isWriting) return;
    this.#timer = this.#options.clock.after(ms, () => {
      this.#timer = undefined;
      void this.#write();
    });
  }

  /** It never rejects. */
  async #write(): Promise<void> {
    this.#isWriting = true;
    const batch = [...this.#waiting.values().take(batchSize)];
    for (const id of batch) this.#waiting.delete(id);
    const worked = await this.#record(batch);
    this.#isWriting = false;
    if (!worked) for (const id of batch) this.#waiting.add(id);
    if (this.#waiting.size > 0) this.#writeAfter(worked ? gatherMs : this.#retries.failed());
  }

  async #record(ids: readonly SandboxId[]): Promise<boolean> {
    const { store, replicaId, current, onUnregistered } = this.#options;
    const opened = ids.map((id) => current(id)).filter((session) => session !== undefined);
    const closed = ids.filter((id) => !current(id)).flatMap((id) => this.#leftOf(id));
    if (opened.length + closed.length === 0) return true;
    for (const { sandboxId, id } of opened) this.#note(sandboxId, id);
    try {
      if (!(await store.record(replicaId, { opened: opened.map(toStore), closed }))) {
        onUnregistered();
        return false;
      }
    } catch (cause) {
      this.#failed(cause);
      return false;
    }
    this.#worked();
    for (const session of opened) {
      this.#recorded.add(session);
      this.#written.set(session.sandboxId, new Set([session.id]));
    }
    for (const { sandboxId } of closed) this.#written.delete(sandboxId);
    return true;
  }

  #note(id: SandboxId, sessionId: string): void {
    this.#written.set(id, (this.#written.get(id) ?? new Set()).add(sessionId));
  }

  #leftOf(sandboxId: SandboxId): SessionName[] {
    return [...(this.#written.get(sandboxId) ?? [])].map((sessionId) => ({ sandboxId, sessionId }));
  }

  #failed(cause: unknown): void {
    this.#failures += 1;
    if (this.#retries.failures === 0)
      this.#options.log.warn({ err: cause }, "sessions could not be recorded, it is tried again");
  }

  #worked(): void {
    const { failures } = this.#retries;
    if (failures > 0) this.#options.log.info({ attempts: failures }, "sessions are recorded again");
    this.#retries.worked();
  }
}

const toStore = ({ sandboxId, id, instanceId }: Session) => ({ sandboxId, sessionId: id, instanceId });
