import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { IdentityService, RevokeSandboxTokensRequestSchema } from "../../../gen/openshell/identity/v1/identity_pb.ts";
import { SupervisorMessageSchema } from "../../../gen/openshell/v1/supervisor_pb.ts";
import { Tally } from "./tally.ts";
import type { WatchedGateway } from "./watched-gateway.ts";
import { halfClose, headersFrame, messageFrame, reset, Wire } from "./wire.ts";

export interface Sandbox {
  readonly id: string;
  readonly name: string;
}

/** By the sandboxes' ids. */
type Tokens = Readonly<Record<string, string>>;

const second = 1_000;
const hour = 3_600 * second;
/** Longer than tokens live, and than the gateway remembers families after that. */
const forgotten = 2 * hour + 600 * second;
/** Of the limits: a connection without a call is asked to go after this, at the next ping. */
const idle = 300 * second;
const pings = 20 * second;
const revoke = `/${IdentityService.typeName}/${IdentityService.method.revokeSandboxTokens.name}`;

const said = (payload: MessageInitShape<typeof SupervisorMessageSchema>["payload"] & object): Buffer =>
  messageFrame(toBinary(SupervisorMessageSchema, create(SupervisorMessageSchema, { payload })));
const heartbeat = said({ case: "heartbeat", value: {} });

/** The supervisors of a few sandboxes, as far as their sessions go. All of them connect and end at the same time. */
export class Supervisors implements Disposable {
  /** The sessions that ended, by the code that the gateway is to have counted them with. */
  readonly ended = new Tally();
  readonly #gateway: WatchedGateway;
  readonly #sandboxes: readonly Sandbox[];
  #wire: Wire;
  /** What opens a session of each. */
  #openings: readonly (readonly Buffer[])[] = [];
  #tokens: Tokens = {};

  private constructor(gateway: WatchedGateway, sandboxes: readonly Sandbox[], wire: Wire) {
    this.#gateway = gateway;
    this.#sandboxes = sandboxes;
    this.#wire = wire;
  }

  static async of(gateway: WatchedGateway, sandboxes: readonly Sandbox[]): Promise<Supervisors> {
    const supervisors = new Supervisors(gateway, sandboxes, await Wire.open(gateway.url));
    await supervisors.#renewTokens();
    return supervisors;
  }

  [Symbol.dispose](): void {
    this.#wire[Symbol.dispose]();
  }

  async halfClose(): Promise<void> {
    const streams = await this.#connect(this.#wire);
    this.#sendAll(streams, halfClose);
    await this.#wire.ended(streams);
    this.#note("ok");
  }

  async reset(): Promise<void> {
    this.#sendAll(await this.#connect(this.#wire), reset);
    await this.#noticed();
    this.#note("canceled");
  }

  async destroyConnection(): Promise<void> {
    {
      using wire = await Wire.open(this.#gateway.url);
      await this.#connect(wire);
    }
    await this.#noticed();
    this.#note("canceled");
  }

  /** A newer session takes the place of each. */
  async supersede(): Promise<void> {
    const streams = await this.#connect(this.#wire);
    await this.halfClose();
    await this.#wire.ended(streams);
    this.#note("failed_precondition");
  }

  async revoke(): Promise<void> {
    const streams = await this.#connect(this.#wire);
    const revocations = this.#wire.together(() =>
      this.#sandboxes.map(({ name: sandbox }) => {
        const request = create(RevokeSandboxTokensRequestSchema, { sandbox });
        const bytes = toBinary(RevokeSandboxTokensRequestSchema, request);
        return this.#wire.begin([headersFrame(revoke, undefined), messageFrame(bytes, "last")]);
      }),
    );
    await this.#wire.ended([...streams, ...revocations]);
    await this.#renewTokens();
    this.#note("unauthenticated");
  }

  /**
   * Lets the sessions end with their tokens, and then so much time pass that the gateway forgets whatever it remembers for
   * a time, and asks the connection to go for having no calls, which it does only where it has counted them right.
   */
  async expire(): Promise<void> {
    const streams = await this.#connect(this.#wire);
    await this.#gateway.jump(forgotten);
    await this.#gateway.advance(second);
    await this.#wire.ended(streams);
    this.#note("unauthenticated");

    const step = 5 * second;
    for (let passed = step; passed <= 2 * idle; passed += step) {
      await this.#gateway.advance(step);
      const mayBeClosed = passed >= idle;
      const mustBeClosed = passed >= idle + 2 * pings;
      if (this.#wire.isClosed ? !mayBeClosed : mustBeClosed) {
        throw new Error(
          `after ${passed} ms without a call the connection is ${this.#wire.isClosed ? "closed" : "open"}`,
        );
      }
    }
    this.#wire = await Wire.open(this.#gateway.url);
    await this.#renewTokens();
  }

  /** Opens a session for each, and resolves when all are accepted. */
  async #connect(wire: Wire): Promise<number[]> {
    const streams = wire.together(() => this.#openings.map((frames) => wire.begin(frames)));
    await wire.answered(streams);
    return streams;
  }

  #sendAll(streams: readonly number[], frame: Buffer): void {
    this.#wire.together(() => {
      for (const stream of streams) this.#wire.send(stream, [frame]);
    });
  }

  /** What the gateway has read it has noted a turn or two later. */
  async #noticed(): Promise<void> {
    for (let turn = 0; turn < 3; turn++) await this.#wire.read();
  }

  #note(code: string): void {
    this.ended.add(code, this.#sandboxes.length);
  }

  /** Waits until each sandbox has another token than before. */
  async #renewTokens(): Promise<void> {
    const isNew = (tokens: Tokens, id: string) => tokens[id] !== undefined && tokens[id] !== this.#tokens[id];
    let tokens = await this.#gateway.ask("tokens");
    while (!this.#sandboxes.every(({ id }) => isNew(tokens, id))) tokens = await this.#gateway.ask("tokens");
    this.#tokens = tokens;
    this.#openings = this.#sandboxes.map(({ id }) => {
      const hello = said({ case: "hello", value: { sandboxId: id, instanceId: id } });
      return [headersFrame("ConnectSupervisor", tokens[id]), hello, heartbeat];
    });
  }
}
