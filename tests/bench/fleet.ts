import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Sandbox } from "./supervisor-sessions.ts";

/** What a fleet's process is told first. */
export interface Orders {
  readonly url: string;
  readonly sandboxes: readonly Sandbox[];
  /** Supervisors that share a connection. */
  readonly perConnection: number;
}

/** How one supervisor came back after its session ended. Times are milliseconds since the epoch. */
export interface Return {
  readonly lostAt: number;
  /** When it had a session and its configuration again. */
  readonly servedAt: number;
  /** What gateways refused meanwhile; a try that met nobody is no refusal. */
  readonly refusals: readonly Refused[];
}

/** A call that a gateway refused, or broke off. */
export interface Refused {
  readonly at: number;
  /** The wait that it told, in milliseconds; undefined where it told none. */
  readonly toldMs: number | undefined;
}

/** What a fleet's process is told when a gateway is gone. */
export interface Gone {
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** What a fleet's process says: that all are served, and how each came back; nothing of those that never lost theirs. */
export interface Served {
  readonly returns: readonly Return[];
}

const program = fileURLToPath(new URL("./servers/supervisors.ts", import.meta.url));

/** Supervisors in a process of their own. */
export class Fleet implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;

  constructor(orders: Orders) {
    this.#child = fork(program, { execArgv: [] });
    this.#ended = once(this.#child, "exit");
    this.#child.send(orders);
  }

  /** Resolves when all of them have a session and their configuration for the first time. */
  async served(): Promise<void> {
    await this.#nextMessage();
  }

  /** Resolves when all of them were served by another gateway than the one that is gone. */
  async servedAfter(gone: Gone): Promise<readonly Return[]> {
    this.#child.send(gone);
    const { returns } = (await this.#nextMessage()) as Served;
    return returns;
  }

  async #nextMessage(): Promise<unknown> {
    const failed = this.#ended.then(() => {
      throw new Error("a process of supervisors ended");
    });
    const [message] = await Promise.race([once(this.#child, "message"), failed]);
    return message;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.connected) this.#child.disconnect();
    await this.#ended;
  }
}
