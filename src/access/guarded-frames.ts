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
    return { sandbox, frames: confirmed(guard, first, frames, entry, sandbox) };
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

async function* confirmed(
  guard: MethodGuard,
  first: Message,
  rest: AsyncIterator<Message>,
  entry: Entry,
  sandbox: ScopedSandbox | undefined,
): AsyncGenerator<Message> {
  try {
    yield first;
    for (;;) {
      const next = await rest.next();
      if (next.done) return;
      guard.confirm(next.value, entry, sandbox);
      yield next.value;
    }
  } finally {
    await rest.return?.();
  }
}
