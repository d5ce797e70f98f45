import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { exchange1 } from "../../support/http-exchange.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

/** How much there is after a collection of garbage. */
export interface Held {
  /** In V8's heap. */
  readonly heapBytes: number;
  /** In array buffers, outside of it. */
  readonly bufferBytes: number;
  /** All objects, functions and arrays among them. */
  readonly objects: number;
}

/** Objects that live as long as a call, and what waits for something. */
export interface Left {
  /** One at least belongs to each open stream, and one to each lease. */
  readonly controllers: number;
  /** Sockets and streams of HTTP/2. */
  readonly duplexes: number;
  /** Of the gateway's clock. */
  readonly timers: number;
  /** Of Node, by kind. */
  readonly handles: Readonly<Record<string, number>>;
  /** Of Node: that something has too many listeners. */
  readonly warnings: number;
}

/** By the name of what is counted. */
type Counts = Readonly<Record<string, number>>;

interface Answers {
  /** The current token of each sandbox, by id. */
  tokens: Readonly<Record<string, string>>;
  /** As `Held.bufferBytes`. */
  buffers: number;
  held: Held;
  left: Left;
  /** Resolves when no call is left. */
  drain: undefined;
}

export type Question =
  | { readonly ask: keyof Answers }
  | { readonly advance: number }
  /** Of the wall clock alone. */
  | { readonly jump: number };

const program = fileURLToPath(new URL("./gateway-program.ts", import.meta.url));

/** A gateway in a process of its own, whose time and memory are in the hands of the test. */
export class WatchedGateway implements AsyncDisposable {
  readonly url: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  readonly #life: DisposableStack;
  #answered: Promise<unknown> = Promise.resolve();

  private constructor(child: ChildProcess, ended: Promise<unknown>, url: string, life: DisposableStack) {
    this.#child = child;
    this.#ended = ended;
    this.url = url;
    this.#life = life;
  }

  /** Resolves when it listens. @throws Error where it ends instead. */
  static async start(): Promise<WatchedGateway> {
    using life = new DisposableStack();
    const directory = life.use(temporaryDirectory());
    const logFile = join(directory.path, "gateway.log");
    const log = openSync(logFile, "a");
    const child = fork(program, {
      // Code that V8 optimises, and throws away when it is not run, would come and go with the bytes that are counted.
      execArgv: ["--expose-gc", "--no-opt", "--no-flush-bytecode"],
      stdio: ["ignore", log, log, "ipc"],
    });
    closeSync(log);
    const ended = once(child, "exit");
    child.send(directory.path);
    const [said] = await Promise.race([
      once(child, "message"),
      ended.then(([code]) => {
        throw new Error(`the gateway ended with code ${code}: ${readFileSync(logFile, "utf8").slice(-2_000)}`);
      }),
    ]);
    return new WatchedGateway(child, ended, said.answer, life.move());
  }

  ask<Q extends keyof Answers>(ask: Q): Promise<Answers[Q]> {
    return this.#say({ ask }) as Promise<Answers[Q]>;
  }

  /** Lets time pass, in milliseconds. */
  async advance(ms: number): Promise<void> {
    await this.#say({ advance: ms });
  }

  async jump(ms: number): Promise<void> {
    await this.#say({ jump: ms });
  }

  /** How many calls of a method ended so far, by code. */
  calls(method: string): Promise<Counts> {
    return this.#counts(`openshell_gateway_calls_total\\{method="[^"]*/${method}",code="(\\w+)",protocol="grpc"\\}`);
  }

  /** How many sessions of supervisors there are, and how many leases of streams. */
  open(): Promise<Counts> {
    return this.#counts("openshell_gateway_(supervisor_sessions|streams)");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.disconnect();
    await this.#ended;
    this.#life.dispose();
  }

  /** @param series a pattern; what it captures names a count */
  async #counts(series: string): Promise<Counts> {
    const { body } = await exchange1(this.url, { path: "/metrics", verb: "GET", headers: [], body: Buffer.alloc(0) });
    const found = body.toString().matchAll(new RegExp(`^${series} (\\d+)$`, "gm"));
    return Object.fromEntries([...found].map(([, name, count]) => [name, Number(count)]));
  }

  /** One question at a time: answers do not say what they answer. */
  #say(question: Question): Promise<unknown> {
    const answer = this.#answered.then(async () => {
      const answered = once(this.#child, "message");
      this.#child.send(question);
      return (await answered)[0].answer;
    });
    this.#answered = answer;
    return answer;
  }
}
