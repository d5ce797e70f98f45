import { Code, ConnectError } from "@connectrpc/connect";

/** A message as it lies in a body: five bytes before it say whether it is compressed, and how long it is. */
export interface Envelope {
  readonly compressed: boolean;
  readonly data: Uint8Array;
}

const prefixBytes = 5;

/**
 * Takes messages out of a body as it comes (gRPC over HTTP/2, Length-Prefixed-Message). Nothing is put together before
 * all of a message is there, so that a body in very small pieces costs no more than its length.
 */
export class EnvelopeReader {
  readonly #mostBytes: number;
  #chunks: Buffer[] = [];
  #bytes = 0;
  #prefix: { readonly compressed: boolean; readonly length: number } | undefined;

  /** @param mostBytes how long a message may say that it is */
  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  /** How many bytes have come that belong to no message yet, the five of a prefix not counted. */
  get unread(): number {
    return this.#bytes;
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
  }

  /**
   * The next message, if all of it has come.
   * @throws ConnectError `resource_exhausted` for one that says it is too long, as soon as it says so.
   */
  next(): Envelope | undefined {
    this.#prefix ??= this.#readPrefix();
    if (!this.#prefix || this.#bytes < this.#prefix.length) return undefined;
    const { compressed, length } = this.#prefix;
    this.#prefix = undefined;
    return { compressed, data: this.#take(length) };
  }

  #readPrefix() {
    if (this.#bytes < prefixBytes) return undefined;
    const prefix = this.#take(prefixBytes);
    const length = prefix.readUInt32BE(1);
    if (length > this.#mostBytes) throw tooLarge(length, this.#mostBytes);
    return { compressed: (prefix.readUInt8(0) & 1) === 1, length };
  }

  #take(length: number): Buffer {
    const all = this.#chunks.length === 1 ? this.#chunks[0] : Buffer.concat(this.#chunks);
    if (!all) return Buffer.alloc(0);
    this.#chunks = all.length > length ? [all.subarray(length)] : [];
    this.#bytes -= length;
    return all.subarray(0, length);
  }
}

function tooLarge(bytes: number, most: number): ConnectError {
  return new ConnectError(
    `message size ${bytes} is larger than configured readMaxBytes ${most}`,
    Code.ResourceExhausted,
  );
}
