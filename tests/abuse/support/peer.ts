import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { encodeFrame, flags, frameHeadBytes, frameType } from "../../bench/http2-frames.ts";

const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");
const noPayload = Buffer.alloc(0);

type Setting = readonly [identifier: number, value: number];

/** SETTINGS (RFC 9113, section 6.5) of these identifiers and values. */
export function settings(...pairs: readonly Setting[]): Buffer {
  const payload = Buffer.alloc(6 * pairs.length);
  pairs.forEach(([identifier, value], at) => {
    payload.writeUInt16BE(identifier, 6 * at);
    payload.writeUInt32BE(value, 6 * at + 2);
  });
  return encodeFrame(frameType.settings, 0, 0, payload);
}

/** What a client of HTTP/2 says first. */
export const opening = (...pairs: readonly Setting[]): Buffer => Buffer.concat([preface, settings(...pairs)]);

export interface PeerOptions {
  readonly port: number;
  /** With the protocol to ask for (ALPN). */
  readonly tls?: string;
  /** Takes nothing of what comes: the kernel's buffers fill, and stay so. */
  readonly deaf?: boolean;
  /** Leaves settings and pings unacknowledged. */
  readonly mute?: boolean;
  /** Keeps its side of the connection open when the gateway has ended its own. */
  readonly lingers?: boolean;
}

/** A client that writes what it likes and counts what it is told. Speaks HTTP/2 as soon as it is asked to read frames. */
export class Peer implements Disposable {
  readonly socket: Socket;
  /** Streams that the gateway reset, by error code. */
  readonly resets = new Map<number, number>();
  /** Blocks of headers that came: answers, and the trailers of those that have a message. */
  blocks = 0;
  /** The error code of the gateway's GOAWAY. */
  goaway: number | undefined;
  /** The gateway has said that nothing more comes, or has reset the connection. */
  isEnded = false;
  readonly ended: Promise<void>;
  sentBytes = 0;
  readonly #options: PeerOptions;
  #unread: Buffer = noPayload;
  #end: () => void;
  #done: ((peer: Peer) => void) | undefined;

  private constructor(socket: Socket, options: PeerOptions, done: ((peer: Peer) => void) | undefined) {
    this.socket = socket;
    this.#options = options;
    this.#done = done;
    const ended = Promise.withResolvers<void>();
    this.ended = ended.promise;
    this.#end = () => {
      this.isEnded = true;
      ended.resolve();
    };
    socket.on("error", this.#end).on("close", this.#end).on("end", this.#end);
    if (options.deaf) socket.pause();
    else socket.on("data", (data) => this.#read(data));
  }

  /** Resolves when it is connected, or has failed to. `done` is called before it hangs up itself. */
  static async open(options: PeerOptions, done?: (peer: Peer) => void): Promise<Peer> {
    const { port, tls, lingers: allowHalfOpen = false } = options;
    const to = { port, host: "127.0.0.1", noDelay: true, allowHalfOpen };
    const socket =
      tls === undefined ? connect(to) : connectTls({ ...to, rejectUnauthorized: false, ALPNProtocols: [tls] });
    const peer = new Peer(socket, options, done);
    await new Promise<void>((resolve) => {
      socket.once(tls === undefined ? "connect" : "secureConnect", resolve);
      void peer.ended.then(resolve);
    });
    return peer;
  }

  /** Resolves when the kernel has room for more, or the connection has ended, or `withinMs` are over. */
  async write(bytes: Buffer | string, withinMs = 1_000): Promise<void> {
    if (this.isEnded || this.socket.destroyed) return;
    this.sentBytes += bytes.length;
    if (this.socket.write(bytes)) return await new Promise((resolve) => setImmediate(resolve));
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([
      new Promise<void>((resolve) => this.socket.once("drain", resolve)),
      this.ended,
      new Promise((resolve) => {
        timer = setTimeout(resolve, withinMs);
      }),
    ]);
    clearTimeout(timer);
  }

  #read(data: Buffer): void {
    if (this.#options.tls === "http/1.1") return;
    this.#unread = this.#unread.length === 0 ? data : Buffer.concat([this.#unread, data]);
    let at = 0;
    while (this.#unread.length - at >= frameHeadBytes) {
      const end = at + frameHeadBytes + this.#unread.readUIntBE(at, 3);
      if (this.#unread.length < end) break;
      this.#take(this.#unread.readUInt8(at + 3), this.#unread.readUInt8(at + 4), this.#unread.subarray(at + 9, end));
      at = end;
    }
    this.#unread = this.#unread.subarray(at);
  }

  #take(type: number, flag: number, payload: Buffer): void {
    if (type === frameType.headers) this.blocks++;
    if (type === frameType.reset) {
      const code = payload.readUInt32BE();
      this.resets.set(code, (this.resets.get(code) ?? 0) + 1);
    }
    if (type === frameType.goAway) this.goaway = payload.readUInt32BE(4);
    if (this.#options.mute || (flag & flags.acknowledge) !== 0) return;
    if (type === frameType.settings || type === frameType.ping) {
      this.socket.write(encodeFrame(type, flags.acknowledge, 0, type === frameType.ping ? payload : noPayload));
    }
  }

  [Symbol.dispose](): void {
    this.#done?.(this);
    this.#done = undefined;
    this.socket.destroy();
  }
}
