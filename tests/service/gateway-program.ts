import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect } from "vitest";
import { builtProgram, compileCache } from "../support/built-program.ts";
import { freePort } from "../support/free-port.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const program = builtProgram("openshell-gateway");

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The real program, in a home of its own. */
export interface GatewayProgram extends Disposable {
  readonly home: string;
  run(args: readonly string[], environment?: Record<string, string>): Promise<Ended>;
  /** Resolves once it serves; rejects with what it printed where it ends before. */
  serve(args?: readonly string[], environment?: Record<string, string>): Promise<ServingProgram>;
}

export interface ServingProgram extends AsyncDisposable {
  /** All that it has printed until now. */
  printed(): string;
  /** Calls a method of `openshell.v1.OpenShell` as the development user. */
  call(method: string, request: object): Promise<Record<string, unknown>>;
}

export function gatewayProgram(): GatewayProgram {
  const directory = temporaryDirectory();
  const home = directory.path;
  const start = (args: readonly string[], environment: Record<string, string> = {}) => {
    const child = spawn(process.execPath, [program, ...args], {
      env: { PATH: process.env["PATH"], HOME: home, ...compileCache(), ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const printed = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const) {
      child[name].setEncoding("utf8").on("data", (text: string) => {
        printed[name] += text;
      });
    }
    const ended = once(child, "close").then(([code]): Ended => ({ code, ...printed }));
    return { child, printed, ended };
  };
  return {
    home,
    run: (args, environment) => start(args, environment).ended,
    async serve(args = [], environment) {
      const port = await freePort();
      const { child, printed, ended } = start(["--dev", "--port", String(port), ...args], environment);
      const failed = ended.then((result) => Promise.reject(new Error(`it ended: ${JSON.stringify(result)}`)));
      const isServing = expect.poll(() => printed.stdout, { timeout: 30_000 }).toContain("Ctrl-C");
      await Promise.race([isServing, failed]);
      failed.catch(() => undefined);
      return {
        printed: () => printed.stdout + printed.stderr,
        async call(method, request) {
          const answer = await fetch(`http://127.0.0.1:${port}/openshell.v1.OpenShell/${method}`, {
            method: "POST",
            headers: { "content-type": "application/json" },
            body: JSON.stringify(request),
          });
          const body = (await answer.json()) as Record<string, unknown>;
          if (!answer.ok) throw new Error(`${method}: ${JSON.stringify(body)}`);
          return body;
        },
        async [Symbol.asyncDispose]() {
          child.kill("SIGTERM");
          await ended;
        },
      };
    },
    [Symbol.dispose]: () => directory[Symbol.dispose](),
  };
}
