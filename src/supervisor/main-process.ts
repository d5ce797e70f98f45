import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:os";
import type { Readable } from "node:stream";
import { type Clock, pause } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import type { MainProcessSpec } from "./config.ts";
import type { Identity } from "./identity.ts";
import { describeFailure } from "./log.ts";
import { LineSplitter } from "./split-lines.ts";

export interface MainProcessOptions {
  readonly spec: MainProcessSpec;
  readonly environment: Readonly<Record<string, string>>;
  readonly workdir: string;
  /** Undefined where the supervisor cannot change users: the process then runs as the supervisor does. */
  readonly identity: Identity | undefined;
  readonly timeoutMs: number | undefined;
  readonly clock: Clock;
  readonly log: Log;
  /** Takes each line that the process writes. */
  readonly onLine: (stream: "stdout" | "stderr", line: string) => void;
  /** Sends a signal to a process or, with a negative number, to a process group; throws where there is none. */
  readonly kill: (pid: number, signal: NodeJS.Signals) => unknown;
}

const cannotStart = "the main process could not be started";
const killAfterMs = 5000;
const drainMs = 1000;
const exitCodes = { timeout: 124, notRunnable: 126, notFound: 127 } as const;

/**
 * The sandboxed command (requirement P4): its own environment, descriptors 0 to 2 alone, its own process group, and where
 * the supervisor is root, another user without supplementary groups.
 */
export class MainProcess implements AsyncDisposable {
  readonly #options: MainProcessOptions;
  /** Undefined where the system refused to start it. */
  readonly #child: ChildProcess | undefined;
  readonly #exited: Promise<number>;
  #timedOut = false;

  constructor(options: MainProcessOptions) {
    this.#options = options;
    const { timeoutMs, clock, log } = options;
    this.#child = start(options);
    this.#exited = this.#child ? this.#watch(this.#child) : Promise.resolve(exitCodes.notRunnable);
    if (timeoutMs !== undefined) {
      const timer = clock.after(timeoutMs, () => {
        this.#timedOut = true;
        this.#end().catch((error: unknown) => log.error({ error: describeFailure(error) }, "not ended"));
      });
      this.#exited.finally(() => timer[Symbol.dispose]());
    }
  }

  /** Undefined where it could not be started. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** The exit code as a shell has it: 128 + signal, 124 after the timeout, 126 or 127 where it could not be started. */
  get exited(): Promise<number> {
    return this.#exited;
  }

  /** Ends the process and all of its group: asks, and after five seconds insists. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end();
    await this.#exited;
  }

  async #end(): Promise<void> {
    this.#signal("SIGTERM");
    const exited = new AbortController();
    this.#exited.finally(() => exited.abort());
    await pause(this.#options.clock, killAfterMs, exited.signal);
    this.#signal("SIGKILL");
  }

  #signal(signal: NodeJS.Signals): void {
    const { pid } = this;
    if (pid === undefined) return;
    try {
      this.#options.kill(-pid, signal);
    } catch (error) {
      this.#options.log.trace({ signal, error: describeFailure(error) }, "the process group is gone");
    }
  }

  async #watch(child: ChildProcess): Promise<number> {
    const { clock, log, onLine } = this.#options;
    const outputs = [
      readLines(child.stdout, (line) => onLine("stdout", line)),
      readLines(child.stderr, (line) => onLine("stderr", line)),
    ];
    try {
      const [code, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
      // What it left running may hold its output open.
      await Promise.race([Promise.all(outputs), pause(clock, drainMs)]);
      if (this.#timedOut) return exitCodes.timeout;
      return signal ? 128 + constants.signals[signal] : (code ?? 0);
    } catch (error) {
      log.error({ error: describeFailure(error) }, cannotStart);
      const missing = error instanceof Error && "code" in error && error.code === "ENOENT";
      return missing ? exitCodes.notFound : exitCodes.notRunnable;
    }
  }
}

/** Some refusals of the system are thrown, others come as an event. */
function start({ spec, environment, workdir, identity, log }: MainProcessOptions): ChildProcess | undefined {
  const [program, ...args] = spec.command;
  try {
    return spawn(program, args, {
      cwd: workdir,
      env: { ...environment },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
      ...(identity ? { uid: identity.uid, gid: identity.gid } : {}),
    });
  } catch (error) {
    log.error({ error: describeFailure(error) }, cannotStart);
    return undefined;
  }
}

async function readLines(stream: Readable | null, say: (line: string) => void): Promise<void> {
  if (!stream) return;
  const splitter = new LineSplitter(say);
  stream.on("data", (chunk: Buffer) => splitter.write(chunk));
  await new Promise<void>((resolve) => stream.once("close", resolve));
  splitter.end();
}
