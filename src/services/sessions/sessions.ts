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
  /** The sandbox's session ended and no other has taken its place. */
  sessionEnded(id: SandboxId): void;
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
    if (earlier) this.#supersede(earlier, session);
    return session;
  }

  /** A sandbox's session, if it has one here. */
  get(id: SandboxId): Session | undefined {
    return this.#current.get(id);
  }

  stats(): SessionStats {
    return { open: this.#current.size, superseded: this.#superseded, silenced: this.#silenced };
  }

  /** Tells every supervisor to connect elsewhere, and takes no more. */
  [Symbol.dispose](): void {
    this.#disposed = true;
    for (const session of [...this.#current.values()]) session.end(new Refusal("shutting-down"));
    this.#wheel[Symbol.dispose]();
  }

  /** Whoever holds the sandbox's token can do this, so it is never done quietly. */
  #supersede(earlier: Session, { id, instanceId }: Session): void {
    this.#superseded += 1;
    const sameProcess = earlier.instanceId === instanceId;
    this.#tell(earlier, sameProcess ? "INFO" : "WARN", "supervisor session superseded", {
      by_session: id,
      by_instance: instanceId,
    });
    earlier.end(new Refusal("state-conflict", { says: "superseded by a newer session of this sandbox" }));
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
