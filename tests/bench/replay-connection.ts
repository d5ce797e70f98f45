import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { type Call, frame, pathOf } from "./grpc.ts";
import { encodeFrame, encodeHeaders, flags, frameHeadBytes, frameType, opening, windowUpdate } from "./http2-frames.ts";

/** A unary call as bytes, but for the number of its stream. */
export interface Written {
  readonly bytes: Buffer;
  /** Where the second frame begins, which names the stream too. */
  readonly second: number;
}

/** Writes a call down, so that making it costs next to nothing. */
export function writeCall({ method, token, message }: Call, authority: string): Written {
  const headers = encodeHeaders([
    [":method", "POST"],
    [":scheme", "http"],
    [":path", pathOf(method)],
    [":authority", authority],
    ["content-type", "application/grpc"],
    ["te", "trailers"],
    ...(token === undefined ? [] : [["authorization", `Bearer ${token}`] as const]),
  ]);
  const first = encodeFrame(frameType.headers, flags.endHeaders, 0, headers);
  const body = encodeFrame(frameType.data, flags.endStream, 0, frame(message));
  return { bytes: Buffer.concat([first, body]), second: first.length };
}

/** Credit for the server is renewed when this much of it is used up. */
const renewedBytes = 2 ** 24;
const streamAt = 5;

/** One connection in cleartext on which written calls are made, as many at once as one likes. */
export class ReplayConnection implements Disposable {
  readonly #socket: Socket;
  readonly #onEnd: (answerBytes: number) => void;
  readonly #answered = new Map<number, number>();
  #stream = 1;
  #unread: Buffer = Buffer.alloc(0);
  #received = 0;

  /**
   * @param onEnd is told how many bytes of data each call was answered with; a call that was reset, none
   * @param onFail is told once what ended the connection
   */
  constructor(url: URL, onEnd: (answerBytes: number) => void, onFail: (cause: Error) => void) {
    this.#onEnd = onEnd;
    this.#socket = connect({ host: url.hostname, port: Number(url.port), noDelay: true });
    this.#socket.on("error", onFail);
    this.#socket.on("data", (chunk: Buffer) => this.#read(chunk));
    this.#socket.write(opening());
  }

  async connected(): Promise<void> {
    await once(this.#socket, "connect");
  }

  /** Calls are sent together with others of the same turn where the socket is corked. */
  call({ bytes, second }: Written): void {
    const sent = Buffer.from(bytes);
    sent.writeUInt32BE(this.#stream, streamAt);
    sent.writeUInt32BE(this.#stream, second + streamAt);
    this.#answered.set(this.#stream, 0);
    this.#stream += 2;
    this.#socket.write(sent);
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    const bytes = this.#unread.length === 0 ? chunk : Buffer.concat([this.#unread, chunk]);
    let at = 0;
    this.#socket.cork();
    while (bytes.length - at >= frameHeadBytes) {
      const end = at + frameHeadBytes + bytes.readUIntBE(at, 3);
      if (end > bytes.length) break;
      this.#frame(bytes[at + 3] ?? 0, bytes[at + 4] ?? 0, bytes.readUInt32BE(at + streamAt), bytes, at, end);
      at = end;
    }
    this.#socket.uncork();
    this.#unread = bytes.subarray(at);
  }

  #frame(type: number, flag: number, stream: number, bytes: Buffer, at: number, end: number): void {
    const length = end - at - frameHeadBytes;
    const isAcknowledged = (flag & flags.acknowledge) !== 0;
    if (type === frameType.data) {
      this.#answered.set(stream, (this.#answered.get(stream) ?? 0) + length);
      this.#credit(length);
    }
    if (type === frameType.data || type === frameType.headers) {
      if ((flag & flags.endStream) !== 0) this.#end(stream);
    } else if (type === frameType.reset) {
      this.#answered.set(stream, 0);
      this.#end(stream);
    } else if (type === frameType.goAway) {
      this.#socket.destroy(new Error("the server sent its client away"));
    } else if (type === frameType.settings && !isAcknowledged) {
      this.#socket.write(encodeFrame(type, flags.acknowledge, 0, Buffer.alloc(0)));
    } else if (type === frameType.ping && !isAcknowledged) {
      this.#socket.write(encodeFrame(type, flags.acknowledge, 0, bytes.subarray(at + frameHeadBytes, end)));
    }
  }

  #end(stream: number): void {
    const answerBytes = this.#answered.get(stream) ?? 0;
    this.#answered.delete(stream);
    this.#onEnd(answerBytes);
  }

  #credit(bytes: number): void {
    this.#received += bytes;
    if (this.#received < renewedBytes) return;
    this.#socket.write(windowUpdate(this.#received));
    this.#received = 0;
  }
}
