import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { frame, pathOf } from "../../bench/grpc.ts";
import { encodeFrame, encodeHeaders, flags, frameHeadBytes, frameType, opening } from "../../bench/http2-frames.ts";

const streamAt = 5;
const cancel = 8;

/** The headers of a gRPC call, as a frame for any stream. */
export function headersFrame(method: string, token: string | undefined, timeout?: string): Buffer {
  const fields = [
    [":method", "POST"],
    [":scheme", "http"],
    [":path", method.includes("/") ? method : pathOf(method)],
    [":authority", "127.0.0.1"],
    ["content-type", "application/grpc"],
    ["te", "trailers"],
    ...(token === undefined ? [] : [["authorization", `Bearer ${token}`] as const]),
    ...(timeout === undefined ? [] : [["grpc-timeout", timeout] as const]),
  ] as const;
  return encodeFrame(frameType.headers, flags.endHeaders, 0, encodeHeaders(fields));
}

/** A gRPC message as a frame for any stream; `last` ends the caller's side with it. */
export const messageFrame = (message: Uint8Array, last?: "last"): Buffer =>
  encodeFrame(frameType.data, last ? flags.endStream : 0, 0, frame(message));

/** All of a message but its last byte, as a frame for any stream. */
export const tornMessageFrame = (message: Uint8Array): Buffer =>
  encodeFrame(frameType.data, 0, 0, frame(message).subarray(0, -1));

export const halfClose: Buffer = encodeFrame(frameType.data, flags.endStream, 0, Buffer.alloc(0));
export const reset: Buffer = encodeFrame(frameType.reset, 0, 0, Buffer.of(0, 0, 0, cancel));
const ping = encodeFrame(frameType.ping, 0, 0, Buffer.alloc(8));

interface StreamState {
  answered: boolean;
  ended: boolean;
}

/** One connection of HTTP/2 on which frames are sent as they were written down, so that its side of a call costs little. */
export class Wire implements Disposable {
  readonly #socket: Socket;
  readonly #streams = new Map<number, StreamState>();
  #next = 1;
  #unread: Buffer = Buffer.alloc(0);
  #pongs = 0;
  #isClosed = false;
  #check: (() => void) | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.#isClosed = true;
      this.#check?.();
    });
    socket.on("data", (chunk: Buffer) => {
      this.#read(chunk);
      this.#check?.();
    });
    socket.write(opening());
  }

  static async open(url: string): Promise<Wire> {
    const { hostname, port } = new URL(url);
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    await once(socket, "connect");
    return new Wire(socket);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Opens a stream with these frames; returns its number. */
  begin(frames: readonly Buffer[]): number {
    const stream = this.#next;
    this.#next += 2;
    this.#streams.set(stream, { answered: false, ended: false });
    this.send(stream, frames);
    return stream;
  }

  send(stream: number, frames: readonly Buffer[]): void {
    const bytes = Buffer.concat(frames);
    for (let at = 0; at < bytes.length; at += frameHeadBytes + bytes.readUIntBE(at, 3)) {
      bytes.writeUInt32BE(stream, at + streamAt);
    }
    this.#socket.write(bytes);
  }

  /** Puts what is sent meanwhile into as few packets as possible. */
  together<T>(send: () => T): T {
    this.#socket.cork();
    try {
      return send();
    } finally {
      this.#socket.uncork();
    }
  }

  /** Resolves when each of the streams has sent a message. */
  answered(streams: readonly number[]): Promise<void> {
    return this.#until(() => streams.every((stream) => this.#streams.get(stream)?.answered));
  }

  /** Resolves when the other side has ended each of the streams, and forgets them. */
  async ended(streams: readonly number[]): Promise<void> {
    await this.#until(() => streams.every((stream) => this.#streams.get(stream)?.ended));
    for (const stream of streams) this.#streams.delete(stream);
  }

  /** Resolves when the other side has read all that was sent before. */
  async read(): Promise<void> {
    const wanted = this.#pongs + 1;
    this.#socket.write(ping);
    await this.#until(() => this.#pongs >= wanted);
  }

  [Symbol.dispose](): void {
    this.#socket.resetAndDestroy();
  }

  #until(isMet: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#check = () => {
        if (isMet()) resolve();
        else if (this.#isClosed) reject(new Error("the connection was closed"));
        else return;
        this.#check = undefined;
      };
      this.#check();
    });
  }

  #read(chunk: Buffer): void {
    const bytes = this.#unread.length === 0 ? chunk : Buffer.concat([this.#unread, chunk]);
    let at = 0;
    while (bytes.length - at >= frameHeadBytes) {
      const end = at + frameHeadBytes + bytes.readUIntBE(at, 3);
      if (end > bytes.length) break;
      this.#take(
        bytes[at + 3] ?? 0,
        bytes[at + 4] ?? 0,
        bytes.readUInt32BE(at + streamAt),
        bytes.subarray(at + 9, end),
      );
      at = end;
    }
    this.#unread = bytes.subarray(at);
  }

  #take(type: number, flag: number, stream: number, payload: Buffer): void {
    const state = this.#streams.get(stream);
    const isAcknowledged = (flag & flags.acknowledge) !== 0;
    if (type === frameType.settings || type === frameType.ping) {
      if (isAcknowledged) this.#pongs += type === frameType.ping ? 1 : 0;
      else
        this.#socket.write(
          encodeFrame(type, flags.acknowledge, 0, type === frameType.ping ? payload : Buffer.alloc(0)),
        );
      return;
    }
    if (!state) return;
    if (type === frameType.data && payload.length > 0) state.answered = true;
    if (type === frameType.reset || ((type === frameType.data || type === frameType.headers) && flag & flags.endStream))
      state.ended = true;
  }
}
