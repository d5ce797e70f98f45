import type { JsonValue } from "@bufbuild/protobuf";
import { type Connection, type ConnectOptions, connect, explain } from "./connection/index.ts";
import { Failure, usageFailure } from "./failure.ts";
import { choosePaint, type Format, type Paint, printable, render } from "./output/index.ts";
import type { Surroundings } from "./surroundings.ts";
import { findDirectories, Registry, readCredentials, resolveTarget, type Target, type Wishes } from "./target/index.ts";

/** The options that every command takes, as they were given. */
export interface GlobalOptions {
  readonly gateway?: string;
  readonly gatewayEndpoint?: string;
  readonly gatewayInsecure?: boolean;
  readonly workspace?: string;
  readonly verbose?: boolean;
}

/** A connection and what commands want to know beside it. */
export interface Gateway extends Connection {
  readonly target: Target;
  readonly workspace: string;
}

const truthy = /^(1|true|yes|on)$/i;

/** What commands are made of: the process around them, the gateways on record, and one way to print and to connect. */
export class Cli {
  readonly surroundings: Surroundings;
  readonly registry: Registry;
  readonly paint: Paint;
  /** Whether the arguments hold `--`, behind which nothing is an option. */
  readonly separated: boolean;
  readonly #globals: () => GlobalOptions;

  constructor(surroundings: Surroundings, argv: readonly string[], globals: () => GlobalOptions) {
    this.surroundings = surroundings;
    this.registry = new Registry(findDirectories(surroundings.env));
    this.paint = choosePaint(surroundings);
    this.separated = argv.includes("--");
    this.#globals = globals;
  }

  get wishes(): Wishes {
    const { gateway, gatewayEndpoint } = this.#globals();
    return { gateway, endpoint: gatewayEndpoint };
  }

  get workspace(): string {
    return this.#globals().workspace ?? (this.surroundings.env["OPENSHELL_WORKSPACE"] || "default");
  }

  /** Prints data to stdout in the format that was asked for. */
  print(format: Format, data: JsonValue, table: () => string): void {
    this.surroundings.stdout.write(render(format, data, table));
  }

  /** Prints one line of data to stdout. */
  line(text: string): void {
    this.surroundings.stdout.write(`${printable(text)}\n`);
  }

  /** Tells the user something, on stderr. */
  tell(text: string): void {
    this.surroundings.stderr.write(`${printable(text)}\n`);
  }

  /** Tells what only a user who asked for details (`-v`) wants to know. */
  detail(text: string): void {
    if (this.#globals().verbose) this.tell(text);
  }

  /** How to reach the gateway that the command is about. @throws Failure where none is chosen */
  async route(): Promise<ConnectOptions> {
    return this.routeTo(await resolveTarget(this.wishes, this.surroundings.env, this.registry));
  }

  async routeTo(target: Target): Promise<ConnectOptions> {
    const { env, clock, signal } = this.surroundings;
    const credentials = await readCredentials(target, this.registry);
    const insecure = this.#globals().gatewayInsecure ?? truthy.test(env["OPENSHELL_GATEWAY_INSECURE"] ?? "");
    if (target.note) this.tell(`note: ${target.note}`);
    if (insecure && target.endpoint.secure) this.tell("warning: the gateway's certificate is not checked");
    this.detail(`gateway ${target.name ?? "(no name)"} at ${target.endpoint.url}, chosen by ${target.chosenBy}`);
    return { target, credentials, insecure, clock, signal };
  }

  /** Connects, does the task, and closes the connection. What goes wrong on the wire is explained. */
  async withGateway<T>(task: (gateway: Gateway) => Promise<T>, along?: ConnectOptions): Promise<T> {
    const route = along ?? (await this.route());
    using connection = await connect(route);
    try {
      return await task({ ...connection, target: route.target, workspace: this.workspace });
    } catch (thrown) {
      throw explain(thrown, connection.where);
    }
  }

  /** The sandbox that was named, or the one that was used last with this gateway. @throws Failure (usage) */
  async sandboxName(given: string | undefined, { name: gateway }: Target): Promise<string> {
    const name = given ?? (gateway === undefined ? undefined : await this.registry.lastSandbox(gateway));
    if (name) return name;
    throw usageFailure(
      "no sandbox is named, and none was used before",
      gateway === undefined ? "name one; only a gateway that has a name remembers what was used last" : "name one",
    );
  }

  /** Remembers the sandbox as the one that was used last. A directory that cannot be written fails no command. */
  async remember(sandbox: string, { name: gateway }: Target): Promise<void> {
    if (gateway === undefined || (await this.registry.lastSandbox(gateway)) === sandbox) return;
    await this.#record(gateway, sandbox);
  }

  /** Forgets the sandbox, where it is the one that was used last. */
  async forget(sandbox: string, { name: gateway }: Target): Promise<void> {
    if (gateway === undefined || (await this.registry.lastSandbox(gateway)) !== sandbox) return;
    await this.#record(gateway, undefined);
  }

  async #record(gateway: string, sandbox: string | undefined): Promise<void> {
    try {
      await this.registry.rememberSandbox(gateway, sandbox);
    } catch (thrown) {
      if (!(thrown instanceof Failure)) throw thrown;
      this.detail(thrown.message);
    }
  }
}
