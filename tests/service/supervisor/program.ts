import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { builtProgram, compileCache } from "../../support/built-program.ts";

const bin = builtProgram("openshell-sandbox");

/** The real program, with this environment and none of the caller's. */
export class Program implements AsyncDisposable {
  readonly child: ChildProcess;
  readonly exited: Promise<number>;
  stdout = "";
  stderr = "";

  /** @param launcher a command that runs the program, whose own command line is put after it. */
  constructor(args: readonly string[], environment: Record<string, string>, launcher: readonly string[] = []) {
    const [command = process.execPath, ...rest] = [...launcher, process.execPath, bin, ...args];
    this.child = spawn(command, rest, {
      env: { ...compileCache(), ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.stdout += text;
    });
    this.child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
    });
    this.exited = once(this.child, "close").then(([code]) => code as number);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill("SIGKILL");
    await this.exited;
  }
}
