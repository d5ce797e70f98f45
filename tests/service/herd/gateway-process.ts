import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { builtProgram, compileCache } from "../../support/built-program.ts";

/** What a gateway is to serve. Several may have one database of kind `postgres`, each with a name and a port of its own. */
export interface ToServe {
  readonly database:
    | { readonly kind: "sqlite"; readonly path: string }
    | { readonly kind: "postgres"; readonly url: string };
  readonly replica: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** In PEM. */
  readonly signingKey: string;
}

const program = builtProgram("herd-gateway");

/** A gateway that serves, in a process of its own. */
export class GatewayProcess implements AsyncDisposable {
  readonly url: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;

  private constructor(child: ChildProcess, ended: Promise<unknown>, url: string) {
    this.#child = child;
    this.#ended = ended;
    this.url = url;
  }

  /** Resolves when it listens. Its log is in the directory. @throws Error where it ends instead. */
  static async start(toServe: ToServe, directory: string): Promise<GatewayProcess> {
    const logFile = join(directory, "gateway.log");
    const log = openSync(logFile, "a");
    const child = fork(program, {
      execArgv: [],
      env: { ...process.env, ...compileCache() },
      stdio: ["ignore", log, log, "ipc"],
    });
    closeSync(log);
    const ended = once(child, "exit");
    child.send(toServe);
    const [said] = await Promise.race([
      once(child, "message"),
      ended.then(([code]) => {
        throw new Error(`the gateway ended with code ${code}: ${readFileSync(logFile, "utf8").slice(-2_000)}`);
      }),
    ]);
    return new GatewayProcess(child, ended, said.url);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  /** Drains it; resolves when the process has ended. */
  async drain(): Promise<void> {
    this.#child.send("drain");
    await this.#ended;
  }

  /** As `kill -9`. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#ended;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }
}
