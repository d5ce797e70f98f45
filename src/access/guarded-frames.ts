import type { Message } from "@bufbuild/protobuf";
import type { Clock } from "../core/clock.ts";
import { deadline } from "../core/deadline.ts";
import { Refusal } from "../core/refusal.ts";
import type { ScopedSandbox } from "../core/scoped-sandbox.ts";
import type { Entry } from "./entry.ts";
import type { MethodGuard } from "./guard.ts";

export interface GuardedFrames {
  readonly sandbox: ScopedSandbox | undefined;
  /** All frames, the first one again included; each later one was confirmed before it is handed on (requirement S1). */
  readonly frames: AsyncIterableIterator<Message>;
}

/**
 * Waits for a stream's first frame, authorises it, and guards those that follow.
 * @throws Refusal `request-invalid` where no frame comes in time or at all, and all that {@link MethodGuard.scope} throws.
 */
export async function guardFrames(
  guard: MethodGuard,
  source: AsyncIterable<Message>,
  entry: Entry,
  { clock, firstFrameMs }: { clock: Clock; firstFrameMs: number },
): Promise<GuardedFrames> {
  const frames = source[Symbol.asyncIterator]();
  try {
    const first = await firstOf(frames, clock, firstFrameMs);
    const sandbox = await guard.scope(first, entry);
    return { sandbox, frames: new ConfirmedFrames(first, frames, (frame) => guard.confirm(frame, entry, sandbox)) };
  } catch (thrown) {
    frames.return?.().then(undefined, () => undefined);
    throw thrown;
  }
}

async function firstOf(frames: AsyncIterator<Message>, clock: Clock, waitMs: number): Promise<Message> {
  const overdue = Promise.withResolvers<never>();
  using _deadline = deadline(clock, waitMs, () =>
    overdue.reject(
      new Refusal("request-invalid", { says: `the stream's first message did not come within ${waitMs} ms` }),
    ),
  );
  const first = await Promise.race([frames.next(), overdue.promise]);
  if (first.done) throw new Refusal("request-invalid", { says: "the stream ended before its first message" });
  return first.value;
}

/**
 * Frames behind one that was read before. No generator: it would hold the first frame, of up to 1 MiB, for as long as the
 * stream is open.
 */
class ConfirmedFrames implements AsyncIterableIterator<Message, undefined> {
  #first: Message | undefined;
  readonly #rest: AsyncIterator<Message>;
  readonly #confirm: (frame: Message) => void;

  constructor(first: Message, rest: AsyncIterator<Message>, confirm: (frame: Message) => void) {
    this.#first = first;
    this.#rest = rest;
    this.#confirm = confirm;
  }

  async next(): Promise<IteratorResult<Message, undefined>> {
    const first = this.#first;
    if (first) {
      this.#first = undefined;
      return { done: false, value: first };
    }
    const next = await this.#rest.next();
    if (next.done) return { done: true, value: undefined };
    try {
      this.#confirm(next.value);
    } catch (thrown) {
      await this.return();
      throw thrown;
    }
    return next;
  }

  async return(): Promise<IteratorResult<Message, undefined>> {
    this.#first = undefined;
    await this.#rest.return?.();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
