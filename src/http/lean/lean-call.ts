import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import type { Message } from "@bufbuild/protobuf";
import { Code, ConnectError, type createHandlerContext } from "@connectrpc/connect";
import { parseTimeout } from "@connectrpc/connect/protocol-grpc";
import type { Answer, Entry } from "../../access/index.ts";
import { anonymous, type Principal } from "../../core/principal.ts";
import { bodyOverdue, type Call, callerGone, timedOut, toConnectError } from "../call/index.ts";
import { describeFailure } from "../describe-failure.ts";
import type { Head } from "../head.ts";
import type { Connection } from "../listen/index.ts";
import { amendCodecError, requestHeaders } from "../rpc/index.ts";
import type { Encodings } from "./encodings.ts";
import type { LeanMethod } from "./lean-method.ts";
import type { LeanSurroundings } from "./lean-surroundings.ts";
import { encode } from "./messages.ts";
import { OneMessage, type Recipient } from "./one-message.ts";
import type { Bounded } from "./overdue-calls.ts";
import { writeAnswer, writeError } from "./write-unary.ts";

type OpenContext = ReturnType<typeof createHandlerContext>;

export interface LeanArrival {
  readonly stream: ServerHttp2Stream;
  readonly headers: IncomingHttpHeaders;
  readonly head: Head;
  readonly connection: Connection;
  readonly encodings: Encodings;
}

/**
 * One unary gRPC call from its headers to its end: admission, then its one message, then the method, then the answer.
 * What gRPC asks of a call is here; what the call means is behind {@link LeanMethod}.
 */
export class LeanCall implements Call, Entry, Bounded, Recipient {
  readonly head: Head;
  readonly startedAt: number;
  /** How long the caller waits, in milliseconds; undefined where it does not say. */
  readonly timeoutMs: number | undefined;
  caller: Principal | undefined;
  answered = false;
  since = 0;
  readonly #served: LeanMethod;
  readonly #arrival: LeanArrival;
  readonly #surroundings: LeanSurroundings;
  readonly #timeoutError: ConnectError | undefined;
  #timer: Disposable | undefined;
  #body: OneMessage | undefined;
  /** Once it is known how it ends. */
  #isOver = false;
  #requestHeader: Headers | undefined;
  #context: OpenContext | undefined;
  #controller: AbortController | undefined;
  #cutOffBy: ConnectError | undefined;

  constructor(served: LeanMethod, arrival: LeanArrival, surroundings: LeanSurroundings) {
    this.head = arrival.head;
    this.#served = served;
    this.#arrival = arrival;
    this.#surroundings = surroundings;
    this.startedAt = surroundings.clock.monotonic();
    if (arrival.headers["grpc-timeout"] === undefined) return;
    const { timeoutMs, error } = parseTimeout(this.requestHeader.get("grpc-timeout"), Number.MAX_SAFE_INTEGER);
    this.timeoutMs = timeoutMs;
    this.#timeoutError = error;
  }

  get method() {
    return this.#served.method;
  }

  get principal(): Principal {
    return this.caller ?? anonymous;
  }

  get peer(): string {
    return this.head.arrival.peer;
  }

  get metadata() {
    return { get: (name: string) => this.requestHeader.get(name) ?? undefined };
  }

  /** As Connect would give it: without credentials and what belongs to HTTP/2. Put together when somebody asks. */
  get requestHeader(): Headers {
    this.#requestHeader ??= requestHeaders(this.#arrival) ?? new Headers();
    return this.#requestHeader;
  }

  /** Aborts when the caller goes away or its deadline passes, and at the latest when the call is over. */
  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.#isOver) this.#controller.abort(this.#cutOffBy ?? over);
    }
    return this.#controller.signal;
  }

  /** Why the call was cut off, where it was. */
  get cutOffBy(): ConnectError | undefined {
    return this.#cutOffBy;
  }

  /** Lets an implementation for Connect say what the answer's headers and trailers are. */
  answersWith(context: OpenContext): void {
    this.#context = context;
  }

  /** Begins; the stream is the call's own from here on. */
  start(): void {
    const { connection, stream } = this.#arrival;
    connection.active++;
    connection.served++;
    this.#surroundings.inFlight.enter();
    (stream as CarryingStream)[carried] = this;
    stream.on("close", onClose);
    stream.on("error", ignore);
    if (this.timeoutMs !== undefined && this.timeoutMs > 0) {
      this.#timer = this.#surroundings.clock.after(this.timeoutMs, () => this.#cutOff(timedOut()));
    }
    try {
      const admission = this.#served.admit(this);
      if (admission) {
        admission.then(
          () => this.#read(),
          (thrown: unknown) => this.refuse(toConnectError(thrown)),
        );
      } else this.#read();
    } catch (thrown) {
      this.refuse(toConnectError(thrown));
    }
  }

  #read(): void {
    if (this.#isOver) return;
    const { encodings, stream } = this.#arrival;
    const unfit = encodings.error ?? this.#timeoutError;
    if (unfit) {
      this.refuse(unfit);
      return;
    }
    const mostBytes = this.#surroundings.limits.messageBytes;
    this.#body = new OneMessage({ schema: this.method.input, compression: encodings.request, mostBytes }, this);
    this.#surroundings.overdue.add(this);
    stream.on("data", onData).on("end", onEnd);
    // A body without a byte ends by itself, also while admission was waited for.
    if (stream.readableEnded) this.bodyEnded();
  }

  /** A piece of the body. */
  take(chunk: Buffer): void {
    if (!this.#isOver) this.#body?.push(chunk);
  }

  /** All of the body has come, or, which Node does not tell apart, the caller has reset the stream. */
  bodyEnded(): void {
    if (!this.#isOver && !this.#arrival.stream.closed) this.#body?.end();
  }

  pause(): void {
    this.#arrival.stream.pause();
  }

  resume(): void {
    this.#arrival.stream.resume();
  }

  receive(message: Message): void {
    this.#surroundings.overdue.remove(this);
    if (this.#isOver) return;
    if (this.timeoutMs !== undefined && this.timeoutMs <= 0) {
      this.#cutOff(timedOut());
      return;
    }
    try {
      const answer = this.#served.invoke(message, this);
      if (answer instanceof Promise) {
        answer.then(
          (found) => this.#answer(found),
          (thrown: unknown) => this.refuse(this.#served.errorOf(thrown, this)),
        );
      } else this.#answer(answer);
    } catch (thrown) {
      this.refuse(this.#served.errorOf(thrown, this));
    }
  }

  #answer(answer: Answer): void {
    if (this.#isOver) return;
    this.answered = true;
    try {
      const frame = encode(answer, this.method.output, this.#arrival.encodings.response, this.#surroundings.limits);
      if (frame instanceof Promise) {
        frame.then(
          (compressed) => this.#write(compressed),
          (thrown: unknown) => this.refuse(ConnectError.from(thrown, Code.Internal)),
        );
      } else this.#write(frame);
    } catch (thrown) {
      this.refuse(ConnectError.from(thrown, Code.Internal));
    }
  }

  #write(frame: Buffer): void {
    if (this.#isOver) return;
    const { stream, encodings } = this.#arrival;
    this.#end(undefined);
    // What is answered must be taken: a caller that grants no window would keep the answer in memory for ever.
    this.#surroundings.overdue.add(this);
    this.#writing(() => writeAnswer(stream, frame, encodings.response, this.#context));
  }

  /** Ends the call with an error. Without effect where it is over. */
  refuse(error: ConnectError): void {
    if (this.#isOver) return;
    const { stream, encodings } = this.#arrival;
    amendCodecError(error);
    this.#end(error);
    this.#surroundings.overdue.add(this);
    this.#writing(() => writeError(stream, error, encodings.response, this.#context));
  }

  /** An answer that cannot be written, for instance for a header that an implementation set, ends its own stream alone. */
  #writing(write: () => void): void {
    try {
      write();
    } catch (error) {
      const { stream } = this.#arrival;
      if (stream.destroyed) return;
      this.#surroundings.log.error(
        { method: this.method.name, error: describeFailure(error) },
        "an answer was cut off",
      );
      stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    }
  }

  #cutOff(reason: ConnectError): void {
    if (this.#isOver) return;
    this.#cutOffBy = reason;
    this.refuse(reason);
  }

  /** The body did not come in time, or the answer was not taken in time. */
  overdue(): void {
    if (this.#isOver) this.#arrival.stream.close(constants.NGHTTP2_CANCEL);
    else this.refuse(bodyOverdue(this.#surroundings.limits.requestMs));
  }

  /** The stream is closed: all was sent, or the caller went away. */
  closed(): void {
    const { connection } = this.#arrival;
    connection.active--;
    connection.lastUsed = this.#surroundings.clock.monotonic();
    this.#surroundings.inFlight.leave();
    if (!this.#isOver) {
      this.#cutOffBy = callerGone();
      this.#end(this.#cutOffBy);
    }
    this.#surroundings.overdue.remove(this);
  }

  #end(error: ConnectError | undefined): void {
    this.#isOver = true;
    this.#timer?.[Symbol.dispose]();
    this.#surroundings.overdue.remove(this);
    this.#controller?.abort(error ?? over);
    this.#context?.abort(error ?? over);
    this.#surroundings.ended(this, "grpc", error);
  }
}

/** Why the signal of a call aborts that went well. Nobody shows it. */
const over = new DOMException("the call is over", "AbortError");

/** Listeners are the same functions for all streams, and find the call in the stream. */
const carried = Symbol("call");
type CarryingStream = ServerHttp2Stream & { [carried]?: LeanCall };

function onData(this: CarryingStream, chunk: Buffer): void {
  this[carried]?.take(chunk);
}

function onEnd(this: CarryingStream): void {
  this[carried]?.bodyEnded();
}

function onClose(this: CarryingStream): void {
  this[carried]?.closed();
}

function ignore(): void {
  // A stream that fails is closed, and its close is what counts.
}
