import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { builtProgram, compileCache } from "../../support/built-program.ts";

const program = builtProgram("openshell");

export interface Result {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that runs; `done` has what it printed. */
interface Run {
  readonly child: ChildProcess;
  /** Resolves when stdout holds the text, rejects when the program ends without it. */
  until(text: string): Promise<void>;
  readonly done: Promise<Result>;
}

/** A user with an empty home directory, who runs the real program. */
export interface User extends AsyncDisposable {
  readonly home: string;
  start(...args: string[]): Run;
  run(...args: string[]): Promise<Result>;
}

export async function newUser(env: Record<string, string> = {}): Promise<User> {
  const home = await mkdtemp(join(tmpdir(), "openshell-cli-"));
  const start = (...args: string[]): Run => {
    const child = spawn(process.execPath, [program, ...args], {
      env: {
        HOME: home,
        PATH: process.env["PATH"],
        OPENSHELL_SYSTEM_GATEWAY_DIR: join(home, "system"),
        ...compileCache(),
        ...env,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const texts = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const) {
      child[name].setEncoding("utf8").on("data", (text: string) => {
        texts[name] += text;
      });
    }
    const done = once(child, "close").then(([code]): Result => ({ code, ...texts }));
    const until = async (text: string) => {
      const ended = done.then((result) => {
        throw new Error(`ended without printing ${text}: ${JSON.stringify(result)}`);
      });
      ended.catch(() => undefined);
      while (!texts.stdout.includes(text)) await Promise.race([once(child.stdout, "data"), ended]);
    };
    return { child, until, done };
  };
  return {
    home,
    start,
    run: (...args) => start(...args).done,
    [Symbol.asyncDispose]: () => rm(home, { recursive: true, force: true }),
  };
}
