import type { Clock } from "../../core/clock.ts";
import type { SandboxId } from "../../core/ids.ts";
import type { Log } from "../../core/log.ts";
import { Refusal } from "../../core/refusal.ts";
import type { ScopedSandbox } from "../../core/scoped-sandbox.ts";
import type { LogBuffer } from "../logs/index.ts";
import type { Outbox } from "./outbox.ts";
import { Session, type ToSupervisor } from "./session.ts";
import { Wheel } from "./wheel.ts";

/** Who wants to know which sandboxes have a session. */
interface Presence {
  /** A supervisor said hello; what it throws refuses the session. */
  sessionStarted(id: SandboxId, instanceId: string): void;
  /** The sandbox's session ended and no other of this process has taken its place. */
  sessionEnded(id: SandboxId): void;
}

/** The session that took the place of another. */
export interface Successor {
  readonly sessionId: string;
  readonly instanceId: string;
  /** The name of the replica that has it, unless that is this one. */
  readonly replica?: string;
}

export interface SessionsOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly presence: Presence;
  /** Where users see what happened to their sandbox's session. */
  readonly logs: Pick<LogBuffer, "append">;
}

export interface SessionStats {
  readonly open: number;
  /** Sessions that a newer one of the same sandbox displaced. */
  readonly superseded: number;
  /** Sessions that ended because the supervisor fell silent. */
  readonly silenced: number;
}

const heartbeatIntervalSecs = 15;
/** A turn of the wheel is an interval; one more than this without a word from the supervisor ends its session. */
const silentTurnsAllowed = 3;

/** The supervisors that are connected: one session a sandbox. */
export class Sessions implements Disposable {
  readonly #options: SessionsOptions;
  readonly #current = new Map<SandboxId, Session>();
  readonly #listeners = new Set<(id: SandboxId) => void>();
  readonly #wheel: Wheel<Session>;
  #disposed = false;
  #superseded = 0;
  #silenced = 0;

  constructor(options: SessionsOptions) {
    this.#options = options;
    this.#wheel = new Wheel({
      clock: options.clock,
      periodMs: heartbeatIntervalSecs * 1_000,
      slots: heartbeatIntervalSecs,
      visit: (session) => this.#visit(session),
    });
  }

  /**
   * Begins a session, whose first message is its acceptance, and ends the one that the sandbox had: a supervisor that
   * connects again has lost its connection, whatever the gateway still believes of it.
   * @throws Refusal what `presence` throws, or `shutting-down`.
   */
  open({ id: sandboxId }: ScopedSandbox, instanceId: string, outbox: Outbox<ToSupervisor>): Session {
    if (this.#disposed) throw new Refusal("shutting-down");
    const session = new Session(sandboxId, instanceId, outbox);
    this.#options.presence.sessionStarted(sandboxId, instanceId);
    const earlier = this.#current.get(sandboxId);
    this.#current.set(sandboxId, session);
    const seat = this.#wheel.add(session);
    outbox.onEnd(() => this.#ended(session, seat));
    session.send({
      payload: { case: "sessionAccepted", value: { sessionId: session.id, heartbeatIntervalSecs } },
    });
    this.#tell(session, "INFO", "supervisor connected");
    if (earlier) this.supersede(earlier, { sessionId: session.id, instanceId });
    this.#changed(sandboxId);
    return session;
  }

  /**
   * Ends a session because its sandbox has a newer one, here or on another replica. Whoever holds the sandbox's token can
   * bring this about, so it is never done quietly.
   */
  supersede(earlier: Session, { sessionId, instanceId, replica }: Successor): void {
    this.#superseded += 1;
    const sameProcess = earlier.instanceId === instanceId;
    this.#tell(earlier, sameProcess ? "INFO" : "WARN", "supervisor session superseded", {
      by_session: sessionId,
      by_instance: instanceId,
      ...(replica !== undefined && { by_replica: replica }),
    });
    earlier.end(new Refusal("state-conflict", { says: "superseded by a newer session of this sandbox" }));
  }

  /** A sandbox's session, if it has one here. */
  get(id: SandboxId): Session | undefined {
    return this.#current.get(id);
  }

  /** The current sessions, one a sandbox. */
  list(): Session[] {
    return [...this.#current.values()];
  }

  /** Calls `listener` whenever a sandbox has another session here than before, or none any more; it must not throw. */
  onChange(listener: (id: SandboxId) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  stats(): SessionStats {
    return { open: this.#current.size, superseded: this.#superseded, silenced: this.#silenced };
  }

  /** Tells every supervisor to connect elsewhere, and takes no more. */
  [Symbol.dispose](): void {
    this.#disposed = true;
    for (const session of this.list()) session.end(new Refusal("shutting-down"));
    this.#wheel[Symbol.dispose]();
  }

  #visit(session: Session): void {
    if (session.beat() < silentTurnsAllowed) return;
    this.#silenced += 1;
    this.#tell(session, "WARN", "supervisor sent no heartbeat in time");
    session.end(new Refusal("session-lost"));
  }

  #ended(session: Session, seat: Disposable): void {
    seat[Symbol.dispose]();
    if (this.#current.get(session.sandboxId) !== session) return;
    this.#current.delete(session.sandboxId);
    this.#tell(session, "INFO", "supervisor disconnected");
    this.#options.presence.sessionEnded(session.sandboxId);
    this.#changed(session.sandboxId);
  }

  #changed(id: SandboxId): void {
    for (const listener of this.#listeners) listener(id);
  }

  #tell(
    { id, sandboxId, instanceId }: Session,
    level: "INFO" | "WARN",
    message: string,
    more: Record<string, string> = {},
  ) {
    const { log, logs } = this.#options;
    const fields = { session: id, instance: instanceId, ...more };
    if (level === "WARN") log.warn({ sandbox: sandboxId, ...fields }, message);
    else log.info({ sandbox: sandboxId, ...fields }, message);
    logs.append(sandboxId, "gateway", [{ level, target: "gateway.sessions", message, fields }]);
  }
}
