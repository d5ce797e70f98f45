import type { DescMessage, Message } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { Compression } from "@connectrpc/connect/protocol";
import { type Envelope, EnvelopeReader } from "./envelope-reader.ts";
import { decode } from "./messages.ts";

export interface IncomingOptions {
  readonly schema: DescMessage;
  readonly compression: Compression | null;
  /** Of a message, compressed and not. */
  readonly mostBytes: number;
  /** Why nothing of the body can be read, where it cannot. */
  readonly unfit: ConnectError | undefined;
}

/** The messages in a body, read no faster than they are asked for; what was handed on is kept no longer. */
export class IncomingMessages implements AsyncIterableIterator<Message, undefined> {
  readonly #options: IncomingOptions;
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #reader: EnvelopeReader;
  /** Of what was read last. */
  #envelopes: Envelope[] = [];

  constructor(body: AsyncIterable<Uint8Array>, options: IncomingOptions) {
    this.#options = options;
    this.#chunks = body[Symbol.asyncIterator]();
    this.#reader = new EnvelopeReader(options.mostBytes);
  }

  async next(): Promise<IteratorResult<Message, undefined>> {
    const { schema, compression, mostBytes, unfit } = this.#options;
    if (unfit) throw unfit;
    for (;;) {
      const envelope = this.#envelopes.shift();
      if (envelope) return { done: false, value: await decode(envelope, schema, compression, mostBytes) };
      if (!(await this.#readOn())) return { done: true, value: undefined };
    }
  }

  async return(): Promise<IteratorResult<Message, undefined>> {
    await this.#chunks.return?.();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Resolves to false where the body has ended. @throws ConnectError where it ended in the middle of a message. */
  async #readOn(): Promise<boolean> {
    const { done, value } = await this.#chunks.next();
    if (!done) {
      this.#reader.push(value as Buffer);
      // One that is too long refuses what came with it, as Connect does.
      for (let next = this.#reader.next(); next; next = this.#reader.next()) this.#envelopes.push(next);
      return true;
    }
    if (this.#reader.unread === 0) return false;
    throw new ConnectError("protocol error: incomplete envelope", Code.InvalidArgument);
  }
}
