import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { compileCache } from "../../support/built-program.ts";

/** A process of this folder's programs, that answers one message after the other. */
export class Child implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #ended: Promise<unknown>;
  readonly #logFile: string;

  constructor(program: string, logFile: string) {
    const log = openSync(logFile, "a");
    this.#process = fork(program, {
      execArgv: ["--expose-gc"],
      env: { ...process.env, ...compileCache() },
      stdio: ["ignore", log, log, "ipc"],
    });
    closeSync(log);
    this.#logFile = logFile;
    this.#ended = once(this.#process, "exit");
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** Sends a message; resolves to the next one that comes. @throws Error where the process ends instead. */
  async ask(message: unknown): Promise<unknown> {
    const answer = once(this.#process, "message");
    this.#process.send(message as string);
    const [said] = await Promise.race([answer, this.#ended.then(() => this.#fail())]);
    return said;
  }

  /** Sends a last message; resolves when the process has ended. */
  async end(message: string): Promise<void> {
    this.#process.send(message);
    await this.#ended;
  }

  #fail(): never {
    throw new Error(`a process ended early: ${readFileSync(this.#logFile, "utf8").slice(-2_000)}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode === null) this.#process.kill("SIGKILL");
    await this.#ended;
  }
}
