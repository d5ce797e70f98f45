import { readFileSync } from "node:fs";
import { type Client, createClient, type Interceptor } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { IdentityService } from "../../../gen/openshell/identity/v1/identity_pb.ts";
import { OpenShell } from "../../../gen/openshell/v1/openshell_pb.ts";
import { readToken } from "./file-driver.ts";
import { type ReplicaOptions, ReplicaProcess } from "./replica-process.ts";

/** A line of the audit log. */
export type Audited = Readonly<Record<string, string>>;

export interface TestSandbox {
  readonly id: string;
  readonly name: string;
  /** The token that its supervisor would read now. */
  token(): Promise<string>;
}

/** A gateway among several, at one place however often its process is another. */
export class Replica implements AsyncDisposable {
  readonly url: string;
  readonly #options: ReplicaOptions;
  readonly #logFile: string;
  readonly #sessions: Http2SessionManager;
  #process: ReplicaProcess;
  /** Loaded while the one before serves, so that a restart takes no longer than it must. */
  #spare: ReplicaProcess | undefined;

  private constructor(options: ReplicaOptions, logFile: string) {
    this.url = `http://127.0.0.1:${options.port}`;
    this.#options = options;
    this.#logFile = logFile;
    this.#sessions = new Http2SessionManager(this.url);
    this.#process = new ReplicaProcess(logFile);
  }

  /** Starts it; it serves when this resolves. Its log is added to the file. */
  static async start(options: ReplicaOptions, logFile: string): Promise<Replica> {
    const replica = new Replica(options, logFile);
    try {
      await replica.#process.start(options);
      return replica;
    } catch (cause) {
      await replica[Symbol.asyncDispose]();
      throw new Error(`${options.name} did not start\n${replica.logged()}`, { cause });
    }
  }

  get name(): string {
    return this.#options.name;
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** Loads the program for the next start. */
  prepare(): void {
    this.#spare ??= new ReplicaProcess(this.#logFile);
  }

  /** Ends its process as a crash does. */
  kill(): Promise<void> {
    return this.#process.signal("SIGKILL");
  }

  /** Ends its process as an operator does. */
  stop(): Promise<void> {
    return this.#process.drain(1_000);
  }

  /** Starts it at the same place, where its process has ended. */
  async start(changed: Partial<ReplicaOptions> = {}): Promise<void> {
    this.#process = this.#spare ?? new ReplicaProcess(this.#logFile);
    this.#spare = undefined;
    await this.#process.start({ ...this.#options, ...changed });
  }

  /** Holds its process until {@link resume}. */
  freeze(): Promise<void> {
    return this.#process.signal("SIGSTOP");
  }

  resume(): Promise<void> {
    return this.#process.signal("SIGCONT");
  }

  /** A gRPC client as the holder of a token, or as the development user. */
  client(token?: string): Client<typeof OpenShell> {
    return createClient(OpenShell, this.#transport(token));
  }

  /** A client of the identity service as the development user, who is an admin. */
  identity(): Client<typeof IdentityService> {
    return createClient(IdentityService, this.#transport());
  }

  /** The status of `/readyz`. */
  async readiness(): Promise<number> {
    const answer = await fetch(`${this.url}/readyz`);
    await answer.arrayBuffer();
    return answer.status;
  }

  /** Creates a sandbox, which is this replica's own. */
  async createSandbox(name = ""): Promise<TestSandbox> {
    const { sandbox } = await this.client().createSandbox({ name });
    const id = sandbox?.metadata?.id ?? "";
    const token = async () => (await readToken(this.#options.tokenDirectory, id)) ?? "";
    return { id, name: sandbox?.metadata?.name ?? "", token };
  }

  /** All that it logged, in all its lives. */
  logged(): string {
    return readFileSync(this.#logFile, "utf8");
  }

  /** What it audited of one kind, in all its lives. */
  audited(event: string): Audited[] {
    const lines = this.logged().split("\n");
    return lines.filter((line) => line.includes(`"${event}"`) && line.endsWith("}")).map((line) => JSON.parse(line));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#sessions.abort();
    await Promise.all([this.#process[Symbol.asyncDispose](), this.#spare?.[Symbol.asyncDispose]()]);
  }

  #transport(token?: string) {
    const interceptors = token === undefined ? [] : [bearer(token)];
    return createGrpcTransport({ baseUrl: this.url, sessionManager: this.#sessions, interceptors });
  }
}

function bearer(token: string): Interceptor {
  return (next) => (request) => {
    request.header.set("authorization", `Bearer ${token}`);
    return next(request);
  };
}
