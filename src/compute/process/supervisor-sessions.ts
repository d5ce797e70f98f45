import type { ProcessTable } from "./process-table.ts";
import { signalGroup, signalProcess } from "./signals.ts";

/**
 * The sessions that belong to one supervisor: its own, and those that its children began, as a main process does. They
 * are noted while the supervisor lives, because afterwards nothing tells whose its children were. A program that leaves
 * its session by itself (a daemon) is not found; containers and virtual machines hold those.
 */
export class SupervisorSessions {
  readonly #supervisor: number;
  readonly #table: ProcessTable;
  /** By number; with the start time of the process that began it, which tells it from a later session of that number. */
  readonly #begun = new Map<number, string | undefined>();

  constructor(supervisor: number, table: ProcessTable) {
    this.#supervisor = supervisor;
    this.#table = table;
    this.#begun.set(supervisor, table.find(supervisor)?.startTime);
  }

  /** Notes the sessions that the supervisor's children are in now. */
  look(): void {
    for (const { session } of this.#table.childrenOf(this.#supervisor)) {
      if (!this.#begun.has(session)) this.#begun.set(session, this.#table.find(session)?.startTime);
    }
  }

  /** Asks the supervisor to end. */
  terminate(): void {
    signalGroup(this.#supervisor, "SIGTERM");
  }

  /**
   * Ends all processes of the noted sessions, whatever groups they made. A process with a kill pending cannot make
   * another, so this is done when a look at the list finds nobody new.
   */
  async kill(): Promise<void> {
    this.look();
    signalGroup(this.#supervisor, "SIGKILL");
    const killed = new Set<number>();
    for (;;) {
      const sessions = new Set([...this.#begun.keys()].filter((session) => this.#isSame(session)));
      const found = (await this.#table.all()).filter(({ pid, session }) => sessions.has(session) && !killed.has(pid));
      if (found.length === 0) return;
      for (const { pid } of found) {
        signalProcess(pid, "SIGKILL");
        killed.add(pid);
      }
    }
  }

  /** The kernel gives a session's number to nobody else while the session has members; so only its beginner can differ. */
  #isSame(session: number): boolean {
    const beginner = this.#table.find(session);
    return beginner === undefined || beginner.startTime === this.#begun.get(session);
  }
}
