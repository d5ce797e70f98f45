import { spawn } from "node:child_process";
import { once } from "node:events";
import { errorCode } from "./error-code.ts";

export interface SupervisorProcess {
  /** Undefined where the operating system could not start it; {@link started} then rejects. */
  readonly pid: number | undefined;
  readonly started: Promise<unknown>;
  /** Resolves, when the process has ended, to how it did. */
  readonly ended: Promise<string>;
  readonly running: boolean;
}

/** Starts a program in a session and process group of its own. It has no input; both outputs go to the descriptor. */
export function spawnSupervisor(
  command: readonly string[],
  environment: Readonly<Record<string, string>>,
  output: number,
): SupervisorProcess {
  const [program = "", ...args] = command;
  const child = spawn(program, args, {
    cwd: "/",
    env: { ...environment },
    detached: true,
    stdio: ["ignore", output, output],
  });
  const ended = new Promise<string>((resolve) => {
    child.once("error", (cause) => resolve(`it could not be started: ${errorCode(cause)}`));
    child.once("exit", (code, signal) => resolve(signal === null ? `exit code ${code}` : `signal ${signal}`));
  });
  return {
    pid: child.pid,
    started: once(child, "spawn"),
    ended,
    get running() {
      return child.pid !== undefined && child.exitCode === null && child.signalCode === null;
    },
  };
}
