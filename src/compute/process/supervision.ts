import type { Clock } from "../../core/clock.ts";
import type { Log } from "../../core/log.ts";
import type { DriverHost, SandboxSpec } from "../driver.ts";
import type { Backoff } from "./backoff.ts";
import { endSupervisor } from "./end-supervisor.ts";
import { errorCode } from "./error-code.ts";
import { removePidFile, writePidFile } from "./pid-file.ts";
import type { ProcessTable } from "./process-table.ts";
import type { SupervisorLog } from "./supervisor-log.ts";
import { type SupervisorProcess, spawnSupervisor } from "./supervisor-process.ts";
import { SupervisorSessions } from "./supervisor-sessions.ts";

export interface SupervisionOptions {
  readonly spec: SandboxSpec;
  readonly command: readonly string[];
  /** Asked before each start, as the endpoint may have changed. */
  readonly environment: () => Record<string, string>;
  readonly pidFile: string;
  readonly output: SupervisorLog;
  readonly host: DriverHost;
  readonly backoff: Backoff;
  readonly table: ProcessTable;
  readonly clock: Clock;
  readonly log: Log;
}

/** How often the sessions of a supervisor's children are noted; to ask the kernel costs some microseconds. */
const lookEveryMs = 1_000;

/** Keeps one sandbox's supervisor running from {@link start} until it is disposed. */
export class Supervision implements AsyncDisposable {
  readonly #options: SupervisionOptions;
  #process: SupervisorProcess | undefined;
  #sessions: SupervisorSessions | undefined;
  #nextLook: Disposable | undefined;
  #startedAt = 0;
  #restart: Disposable | undefined;
  #over = false;

  constructor(options: SupervisionOptions) {
    this.#options = options;
  }

  /** Starts the supervisor for the first time; rejects where it cannot be started at all. */
  async start(): Promise<void> {
    const { command } = this.#options;
    try {
      await this.#launch();
    } catch (cause) {
      throw new Error(`the supervisor ${command[0]} could not be started: ${errorCode(cause)}`, { cause });
    }
  }

  /** Ends the supervisor with all its processes, for good. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { output, pidFile, clock } = this.#options;
    this.#over = true;
    this.#restart?.[Symbol.dispose]();
    this.#nextLook?.[Symbol.dispose]();
    output[Symbol.dispose]();
    if (this.#process?.running && this.#sessions) await endSupervisor(this.#sessions, this.#process.ended, clock);
    removePidFile(pidFile);
  }

  async #launch(): Promise<void> {
    const { spec, command, environment, output, pidFile, host, table, clock } = this.#options;
    const process = output.appending((descriptor) => spawnSupervisor(command, environment(), descriptor));
    this.#process = process;
    this.#startedAt = clock.monotonic();
    if (process.pid !== undefined) {
      this.#sessions = new SupervisorSessions(process.pid, table);
      const identity = table.identify(process.pid);
      if (identity) writePidFile(pidFile, identity);
    }
    await process.started;
    if (!this.#over) host.onEvent({ kind: "started", sandboxId: spec.id });
    this.#lookLater();
    this.#awaitEnd(process);
  }

  #lookLater(): void {
    if (this.#over) return;
    this.#nextLook = this.#options.clock.after(lookEveryMs, () => {
      this.#sessions?.look();
      this.#lookLater();
    });
  }

  #awaitEnd({ ended }: SupervisorProcess): void {
    const { log } = this.#options;
    const sessions = this.#sessions;
    ended
      .then(async (detail) => {
        this.#nextLook?.[Symbol.dispose]();
        await sessions?.kill();
        this.#startLater(detail);
      })
      .catch((err: unknown) => log.error({ err }, "the end of a supervisor could not be dealt with"));
  }

  #startLater(detail: string): void {
    const { spec, host, backoff, clock, log } = this.#options;
    if (this.#over) return;
    const willRestartInMs = backoff.next(clock.monotonic() - this.#startedAt);
    log.debug({ detail, willRestartInMs }, "a supervisor ended by itself and will be started again");
    host.onEvent({ kind: "exited", sandboxId: spec.id, detail, willRestartInMs });
    this.#retryIn(willRestartInMs);
  }

  #retryIn(ms: number): void {
    const { clock, log } = this.#options;
    this.#restart = clock.after(ms, () => {
      this.#startAgain().catch((err: unknown) => log.error({ err }, "a supervisor could not be started again"));
    });
  }

  /** A new family first: the dead supervisor's token may be in anybody's hands (architecture, Delivery). */
  async #startAgain(): Promise<void> {
    const { spec, host, backoff, log } = this.#options;
    try {
      await host.renewToken(spec.id);
    } catch (err) {
      if (this.#over) return;
      const retryInMs = backoff.next(0);
      log.warn({ err, retryInMs }, "no new token for a supervisor that ended; tried again later");
      return this.#retryIn(retryInMs);
    }
    if (this.#over) return;
    try {
      await this.#launch();
    } catch (cause) {
      this.#startLater(`it could not be started: ${errorCode(cause)}`);
    }
  }
}
