import type { Clock } from "../../../src/core/clock.ts";
import { systemClock } from "../../../src/core/clock.ts";
import { systemAccounts } from "../../../src/supervisor/account-ids.ts";
import { readConfig } from "../../../src/supervisor/read-config.ts";
import { runSupervisor, type SupervisorTimings } from "../../../src/supervisor/run-supervisor.ts";
import { madeToken } from "./made-token.ts";
import { sandboxId } from "./sandbox-id.ts";

export interface RunningOptions {
  readonly endpoint: string;
  readonly argv?: readonly string[];
  readonly environment?: Record<string, string>;
  readonly clock?: Clock;
  readonly timings?: Partial<SupervisorTimings>;
}

/** The supervisor in the test's own process, over real sockets. */
export class RunningSupervisor implements AsyncDisposable {
  readonly exit: Promise<number>;
  stderr = "";
  stdout = "";
  readonly #ending = new AbortController();

  constructor({ endpoint, argv = [], environment = {}, clock = systemClock, timings = {} }: RunningOptions) {
    const least = { OPENSHELL_ENDPOINT: endpoint, OPENSHELL_SANDBOX_ID: sandboxId, OPENSHELL_SANDBOX: "box" };
    const token = environment["OPENSHELL_SANDBOX_TOKEN_FILE"] || environment["OPENSHELL_K8S_SA_TOKEN_FILE"];
    const own = token ? {} : { OPENSHELL_SANDBOX_TOKEN: madeToken() };
    const all = { OPENSHELL_LOG_LEVEL: "trace", ...least, ...own, ...environment };
    const host = {
      argv,
      environment: all,
      directory: "/tmp",
      identity: { uid: process.getuid!(), gid: process.getgid!() },
      accounts: systemAccounts,
      clock,
      random: () => 0.5,
      stdout: (text: string) => {
        this.stdout += text;
      },
      stderr: (text: string) => {
        this.stderr += text;
      },
      kill: (pid: number, signal: NodeJS.Signals) => process.kill(pid, signal),
      signal: this.#ending.signal,
    };
    const usual = { graceMs: 1000, expiredGraceMs: 1000, farewellMs: 1000, ...timings };
    this.exit = runSupervisor(readConfig(argv, all, "/tmp"), host, usual);
  }

  /** As a SIGTERM would. */
  stop(): Promise<number> {
    this.#ending.abort();
    return this.exit;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
