import { expect } from "vitest";
import { newSandboxId, type SandboxId } from "../../../../src/core/ids.ts";
import type { Log } from "../../../../src/core/log.ts";
import { Refusal } from "../../../../src/core/refusal.ts";
import { grantScope } from "../../../../src/core/scoped-sandbox.ts";
import { createLogBuffer, type LogBuffer } from "../../../../src/services/logs/index.ts";
import { Sessions, SharedSessions } from "../../../../src/services/sessions/index.ts";
import { Outbox } from "../../../../src/services/sessions/outbox.ts";
import type { Session, ToSupervisor } from "../../../../src/services/sessions/session.ts";
import type { ReplicaStore } from "../../../../src/store/index.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { WatchedReplicaStore } from "./watched-replica-store.ts";

export interface Supervisor {
  readonly session: Session;
  /** The reason with which the gateway ended the stream, once it has. */
  readonly ending: Promise<Refusal>;
  /** The connection is closed by the supervisor. */
  leave(): void;
}

/** One replica's sessions, on a clock of its own: a replica whose clock stands still is paused. */
export class Replica implements AsyncDisposable {
  readonly id = crypto.randomUUID();
  readonly name: string;
  readonly clock = new FakeClock();
  readonly store: WatchedReplicaStore;
  readonly logs: LogBuffer;
  readonly sessions: Sessions;
  readonly shared: SharedSessions;
  /** What was logged at these levels, with its fields. */
  readonly logged: { readonly level: "info" | "warn" | "error"; readonly message: string; readonly fields: object }[] =
    [];
  /** Of each sandbox the instance of its supervisor that was named last. */
  readonly instances = new Map<SandboxId, string>();
  readonly #here = new Set<SandboxId>();
  readonly #elsewhere = new Map<SandboxId, string>();
  /** Whenever a sandbox was ready here or not any more. */
  readonly readiness: string[] = [];

  constructor(store: ReplicaStore, name: string) {
    this.name = name;
    this.store = new WatchedReplicaStore(store);
    const { clock } = this;
    const log = this.#log();
    this.logs = createLogBuffer({ clock, isKnown: () => true });
    const presence = {
      sessionStarted: (id: SandboxId, instance: string) => {
        this.instances.set(id, instance);
        this.#note(id, () => this.#here.add(id));
      },
      sessionEnded: (id: SandboxId) => this.#note(id, () => this.#here.delete(id)),
      sessionElsewhere: (id: SandboxId, instance: string | undefined) => {
        if (instance !== undefined) this.instances.set(id, instance);
        this.#note(id, () => (instance === undefined ? this.#elsewhere.delete(id) : this.#elsewhere.set(id, instance)));
      },
    };
    this.sessions = new Sessions({ clock, log, presence, logs: this.logs });
    this.shared = new SharedSessions({
      ...{ sessions: this.sessions, store: this.store, logs: this.logs, presence, clock, log },
      replica: { id: this.id, name },
    });
  }

  get url(): string {
    return `http://${this.name}.example:8080`;
  }

  start(): Promise<void> {
    return this.shared.start(this.url);
  }

  /** Is the sandbox ready when it is asked about here? */
  isReady(id: SandboxId): boolean {
    return this.#here.has(id) || this.#elsewhere.has(id);
  }

  connect(id: SandboxId, instanceId = "one"): Supervisor {
    const outbox = new Outbox<ToSupervisor>(64);
    const session = this.sessions.open(grantScope({ id, name: "a", workspace: "default" }), instanceId, outbox);
    const ending = readToEnd(outbox);
    return { session, ending, leave: () => void outbox.return() };
  }

  /** Lets time pass here, in steps in which the store can answer. */
  async pass(ms: number): Promise<void> {
    for (let rest = ms; rest > 0; rest -= 500) {
      await this.clock.advance(Math.min(rest, 500));
      await this.store.idle();
    }
  }

  /** Lets pass what it takes until all that can be recorded is. */
  async record(): Promise<void> {
    for (let tries = 0; tries < 20; tries += 1) {
      await this.pass(10);
      if (this.shared.stats().unrecorded === 0) return;
    }
    expect(this.shared.stats().unrecorded).toBe(0);
  }

  learn(...ids: SandboxId[]): Promise<void> {
    return this.shared.follower.learn(ids);
  }

  reload(): Promise<void> {
    return this.shared.follower.reload();
  }

  warnings(): string[] {
    return this.logged.filter(({ level }) => level !== "info").map(({ message }) => message);
  }

  /** Goes on after the machine has slept for longer than a lease lasts. */
  async wake(): Promise<void> {
    this.clock.jump(60_000);
    await this.pass(2_500);
  }

  /** Ends as a process does that is killed: nobody is told. */
  kill(): void {
    this.store.fail();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.store.heal();
    await this.shared[Symbol.asyncDispose]();
  }

  #note(id: SandboxId, change: () => unknown): void {
    const before = this.isReady(id);
    change();
    if (this.isReady(id) !== before) this.readiness.push(before ? "not ready" : "ready");
  }

  #log(): Log {
    const at = (level: "info" | "warn" | "error") => (fields: object, message: string) =>
      void this.logged.push({ level, message, fields });
    const log: Log = {
      ...{ info: at("info"), warn: at("warn"), error: at("error") },
      ...{ trace: () => undefined, debug: () => undefined, child: () => log },
    };
    return log;
  }
}

/** What a supervisor sees at the end of its stream. */
async function readToEnd(outbox: Outbox<ToSupervisor>): Promise<Refusal> {
  try {
    while (!(await outbox.next()).done);
  } catch (thrown) {
    return Refusal.from(thrown);
  }
  return new Refusal("internal", { cause: new Error("the stream ended without an error") });
}

export const sandboxIds = (count: number): SandboxId[] => Array.from({ length: count }, newSandboxId);
