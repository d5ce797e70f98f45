import { create, toBinary } from "@bufbuild/protobuf";
import { GetSandboxConfigRequestSchema } from "../../../gen/openshell/sandbox/v1/config_pb.ts";
import { Tally } from "./tally.ts";
import type { WatchedGateway } from "./watched-gateway.ts";
import { headersFrame, messageFrame, reset, tornMessageFrame, Wire } from "./wire.ts";

const atOnce = 100;
const timeoutMs = 1_000;
const method = "GetSandboxConfig";

const request = (sandboxId: string): Buffer => {
  const message = create(GetSandboxConfigRequestSchema, { sandboxId });
  return messageFrame(toBinary(GetSandboxConfigRequestSchema, message), "last");
};

/** Of {@link atOnce} that come together some begin in later turns of the event loop; each reading is another one. */
async function begun(wire: Wire): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await wire.read();
}

/** Unary calls of one sandbox, many at once, that end in different ways. */
export class UnaryCalls {
  /** The calls that ended, by the code that they were told, or by what their caller did. */
  readonly ended = new Tally();
  readonly #gateway: WatchedGateway;
  readonly #token: string;
  readonly #own: Buffer;
  readonly #other: Buffer;

  /** @param other another sandbox's id */
  constructor(gateway: WatchedGateway, token: string, own: string, other: string) {
    this.#gateway = gateway;
    this.#token = token;
    this.#own = request(own);
    this.#other = request(other);
  }

  /** A hundred of each kind, on a connection that lives no longer: half as many resets more would end it. */
  async ofEachKind(): Promise<void> {
    using wire = await Wire.open(this.#gateway.url);
    for (let turn = 0; turn < 5; turn++) await this.#make(wire, "ok", [headersFrame(method, this.#token), this.#own]);
    await this.#make(wire, "permission_denied", [headersFrame(method, this.#token), this.#other]);
    await this.#make(wire, "unauthenticated", [headersFrame(method, `${this.#token}x`), this.#own]);
    await this.#expire(wire);
    await this.#reset(wire);
    await this.#leave();
  }

  async #make(wire: Wire, code: string, frames: readonly Buffer[]): Promise<void> {
    await wire.ended(this.#begin(wire, frames));
    this.ended.add(code, atOnce);
  }

  /** The caller's own time runs out before it has sent its message. */
  async #expire(wire: Wire): Promise<void> {
    const streams = this.#begin(wire, [headersFrame(method, this.#token, `${timeoutMs}m`)]);
    await begun(wire);
    await this.#gateway.advance(timeoutMs);
    await wire.ended(streams);
    this.ended.add("deadline_exceeded", atOnce);
  }

  /** In the middle of the message. */
  async #reset(wire: Wire): Promise<void> {
    const streams = this.#begin(wire, [headersFrame(method, this.#token), tornMessageFrame(Buffer.alloc(8))]);
    await begun(wire);
    wire.together(() => {
      for (const stream of streams) wire.send(stream, [reset]);
    });
    for (let turn = 0; turn < 3; turn++) await wire.read();
    this.ended.add("reset", atOnce);
  }

  /** The connection ends under calls whose message has not come. */
  async #leave(): Promise<void> {
    using wire = await Wire.open(this.#gateway.url);
    this.#begin(wire, [headersFrame(method, this.#token)]);
    await begun(wire);
    this.ended.add("left", atOnce);
  }

  #begin(wire: Wire, frames: readonly Buffer[]): number[] {
    return wire.together(() => Array.from({ length: atOnce }, () => wire.begin(frames)));
  }
}
