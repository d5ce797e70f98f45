import type { DescMessage, Message } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { Compression } from "@connectrpc/connect/protocol";
import { EnvelopeReader } from "./envelope-reader.ts";
import { decode } from "./messages.ts";

export interface OneMessageOptions {
  readonly schema: DescMessage;
  readonly compression: Compression | null;
  /** Of the message, compressed and not. */
  readonly mostBytes: number;
}

/** Who waits for the message. Exactly one of the first two is called, and once. */
export interface Recipient {
  receive(message: Message): void;
  refuse(error: ConnectError): void;
  /** No more of the body, please, until {@link resume}. */
  pause(): void;
  resume(): void;
}

/**
 * Reads the body of a unary call: exactly one message. Every message is decoded as soon as it is there, one after the
 * other, so that what is wrong first is told, in Connect's words.
 */
export class OneMessage {
  readonly #options: OneMessageOptions;
  readonly #recipient: Recipient;
  readonly #reader: EnvelopeReader;
  #message: Message | undefined;
  #hasEnded = false;
  #state: "reading" | "decompressing" | "over" = "reading";

  constructor(options: OneMessageOptions, recipient: Recipient) {
    this.#options = options;
    this.#recipient = recipient;
    this.#reader = new EnvelopeReader(options.mostBytes);
  }

  push(chunk: Buffer): void {
    if (this.#state === "over") return;
    this.#reader.push(chunk);
    this.#read();
  }

  /** All of the body has come. */
  end(): void {
    this.#hasEnded = true;
    this.#read();
  }

  #read(): void {
    try {
      while (this.#state === "reading") {
        const envelope = this.#reader.next();
        if (!envelope) break;
        const { schema, compression, mostBytes } = this.#options;
        const message = decode(envelope, schema, compression, mostBytes);
        if (message instanceof Promise) this.#await(message);
        else this.#take(message);
      }
      if (this.#hasEnded && this.#state === "reading") this.#deliver();
    } catch (thrown) {
      this.#refuse(thrown);
    }
  }

  #await(message: Promise<Message>): void {
    this.#state = "decompressing";
    this.#recipient.pause();
    const goOn = (decoded: Message) => {
      this.#state = "reading";
      this.#take(decoded);
      this.#recipient.resume();
      this.#read();
    };
    message.then(goOn).catch((thrown: unknown) => this.#refuse(thrown));
  }

  /** @throws ConnectError where it is not the first. */
  #take(message: Message): void {
    if (this.#message) throw violation("received extra input message for unary method");
    this.#message = message;
  }

  /** @throws ConnectError where the body ended in the middle of a message, or had none. */
  #deliver(): void {
    if (this.#reader.unread > 0) {
      throw new ConnectError("protocol error: incomplete envelope", Code.InvalidArgument);
    }
    if (!this.#message) throw violation("missing input message for unary method");
    this.#state = "over";
    this.#recipient.receive(this.#message);
  }

  #refuse(thrown: unknown): void {
    this.#state = "over";
    this.#recipient.refuse(ConnectError.from(thrown, Code.Internal));
  }
}

const violation = (says: string) => new ConnectError(`protocol error: ${says}`, Code.Unimplemented);
