import { Code, ConnectError, type createHandlerContext } from "@connectrpc/connect";
import { setTrailerStatus } from "@connectrpc/connect/protocol-grpc";
import type { Answer } from "../../access/index.ts";

type Context = ReturnType<typeof createHandlerContext>;
type Encode = (answer: Answer) => Buffer<ArrayBuffer> | Promise<Buffer<ArrayBuffer>>;

/**
 * The frames of an answer, made as they are asked for. Whatever it ends with, the call's context is told first, which may
 * put the error right, and then the trailers say it.
 */
export class OutgoingFrames implements AsyncIterableIterator<Buffer<ArrayBuffer>, undefined> {
  readonly #context: Context;
  readonly #encode: Encode;
  #answers: AsyncIterator<Answer> | undefined;
  #first: Buffer<ArrayBuffer> | undefined;
  #isOver = false;

  constructor(context: Context, encode: Encode) {
    this.#context = context;
    this.#encode = encode;
  }

  /** Waits for the first answer, or the end: until then headers can be set. It never rejects. */
  async begin(open: () => Promise<AsyncIterator<Answer>>): Promise<void> {
    try {
      this.#answers = await open();
    } catch (thrown) {
      this.#end(thrown);
    }
    const { value } = await this.next();
    this.#first = value;
  }

  async next(): Promise<IteratorResult<Buffer<ArrayBuffer>, undefined>> {
    const first = this.#first;
    this.#first = undefined;
    if (first) return { done: false, value: first };
    if (this.#isOver || !this.#answers) return { done: true, value: undefined };
    try {
      const next = await this.#answers.next();
      if (!next.done) return { done: false, value: await this.#encode(next.value) };
      this.#end(undefined);
    } catch (thrown) {
      this.#end(thrown);
      await this.#answers.return?.();
    }
    return { done: true, value: undefined };
  }

  async return(): Promise<IteratorResult<Buffer<ArrayBuffer>, undefined>> {
    this.#first = undefined;
    this.#end(undefined);
    await this.#answers?.return?.();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #end(thrown: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#context.abort(thrown);
    if (thrown === undefined) return;
    const error =
      thrown instanceof ConnectError
        ? thrown
        : new ConnectError("internal error", Code.Internal, undefined, undefined, thrown);
    setTrailerStatus(this.#context.responseTrailer, error);
  }
}
