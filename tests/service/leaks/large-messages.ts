import { once } from "node:events";
import type { ClientHttp2Session, ClientHttp2Stream } from "node:http2";
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { SupervisorMessageSchema } from "../../../gen/openshell/v1/supervisor_pb.ts";
import { begin, frame } from "../../bench/grpc.ts";

/** A field that no message has, with so much in it that the message is just under 1 MiB, the gateway's limit. */
const ballast = Buffer.concat([Buffer.of(0xfa, 0xff, 0x03, 0x80, 0x80, 0x3f), Buffer.alloc(63 * 16_384, 1)]);

/** Adds ballast to an encoded message. */
export const large = (message: Uint8Array): Buffer => Buffer.concat([message, ballast]);

const said = (payload: MessageInitShape<typeof SupervisorMessageSchema>["payload"] & object): Uint8Array =>
  toBinary(SupervisorMessageSchema, create(SupervisorMessageSchema, { payload }));

/** A supervisor's session, with everything that it says just under 1 MiB. */
export class LargeSession {
  readonly ended: Promise<unknown>;
  readonly #stream: ClientHttp2Stream;

  private constructor(stream: ClientHttp2Stream) {
    this.#stream = stream;
    this.ended = once(stream, "close");
  }

  static async open(connection: ClientHttp2Session, sandboxId: string, token: string): Promise<LargeSession> {
    const stream = begin(connection, { method: "ConnectSupervisor", token });
    const session = new LargeSession(stream);
    await session.#say(large(said({ case: "hello", value: { sandboxId, instanceId: "large" } })));
    await once(stream, "data");
    return session;
  }

  heartbeat(size: "large" | "usual"): Promise<void> {
    const bytes = said({ case: "heartbeat", value: {} });
    return this.#say(size === "large" ? large(bytes) : bytes);
  }

  end(): void {
    this.#stream.resume().end();
  }

  /** Resolves when all of it was sent, for which the gateway has to grant room, and what was sent has been read. */
  async #say(message: Uint8Array): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#stream.write(frame(message), (error) => (error ? reject(error) : resolve()));
    });
    await new Promise<void>((resolve, reject) => {
      this.#stream.session?.ping((error) => (error ? reject(error) : resolve()));
    });
  }
}
