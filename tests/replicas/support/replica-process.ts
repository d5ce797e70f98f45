import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import type { GatewaySettings } from "../../../src/gateway.ts";
import type { SigningKeyPaths } from "../../../src/tokens/keys/index.ts";
import { builtProgram, compileCache } from "../../support/built-program.ts";

export interface ReplicaOptions {
  readonly name: string;
  readonly port: number;
  readonly databaseUrl: string;
  readonly keyPaths: SigningKeyPaths;
  /** Where its driver keeps tokens. */
  readonly tokenDirectory: string;
  readonly tokens?: GatewaySettings["tokens"];
  /** How far its wall clock is ahead, in milliseconds. */
  readonly skewMs?: number;
}

/** What a replica's process is told. */
export type Told =
  | { readonly kind: "start"; readonly options: ReplicaOptions }
  | { readonly kind: "drain"; readonly deadlineMs: number };

const longestStartMs = 30_000;

/** A process that has the program loaded and waits to be told what to be; it ends with this process. */
export class ReplicaProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  readonly #isLoaded: Promise<void>;

  /** @param logFile its log is added to it */
  constructor(logFile: string) {
    const log = openSync(logFile, "a");
    const env = { ...process.env, ...compileCache() };
    this.#child = fork(builtProgram("replica"), { execArgv: [], env, stdio: ["ignore", log, log, "ipc"] });
    closeSync(log);
    this.#ended = once(this.#child, "exit");
    this.#isLoaded = this.#hear("loaded");
    // Whoever starts it is told.
    this.#isLoaded.catch(() => undefined);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Resolves when it serves. */
  async start(options: ReplicaOptions): Promise<void> {
    await this.#isLoaded;
    const serving = this.#hear("serving");
    this.#tell({ kind: "start", options });
    await serving;
  }

  /** Lets it finish what it does, then ends it. */
  async drain(deadlineMs: number): Promise<void> {
    this.#tell({ kind: "drain", deadlineMs });
    await this.#ended;
  }

  /** Ends it as a crash would, or holds it as a machine that stands still does (`SIGSTOP`, `SIGCONT`). */
  async signal(signal: "SIGKILL" | "SIGSTOP" | "SIGCONT"): Promise<void> {
    this.#child.kill(signal);
    if (signal === "SIGKILL") await this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.hasEnded) await this.signal("SIGKILL");
  }

  #tell(told: Told): void {
    this.#child.send(told);
  }

  async #hear(expected: string): Promise<void> {
    const abandon = new AbortController();
    const signal = AbortSignal.any([abandon.signal, AbortSignal.timeout(longestStartMs)]);
    try {
      await Promise.race([
        once(this.#child, "message", { signal }).then(([message]) => {
          if (message !== expected) throw new Error(`a replica said ${message}, not ${expected}`);
        }),
        this.#ended.then(() => Promise.reject(new Error(`a replica ended before it was ${expected}`))),
      ]);
    } finally {
      abandon.abort();
    }
  }
}
