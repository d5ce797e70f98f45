import { setImmediate as nextTurn } from "node:timers/promises";
import type { Message } from "@bufbuild/protobuf";
import type { HandlerContext, MethodImplSpec } from "@connectrpc/connect";
import type { Answer, BoundMethod, Entry } from "../../access/index.ts";
import { anonymous } from "../../core/principal.ts";
import { errorOf } from "../call/index.ts";
import { frameRefusal } from "./codec-error.ts";
import { callOf } from "./context.ts";
import { inTime } from "./in-time.ts";
import type { OpenStreams } from "./open-streams.ts";

/** What Connect calls, with a message or with frames; the kind of the method says which. */
type Implementation = (input: never, context: HandlerContext) => Promise<Answer> | AsyncIterable<Answer>;

/**
 * Lets Connect call a guarded method: its context becomes an {@link Entry}, refusals become Connect errors. A stream that
 * is cut off ends with the reason, even where its handler took the signal for a quiet end.
 */
export function implement(bound: BoundMethod, streams: OpenStreams): Implementation {
  switch (bound.kind) {
    case "unary":
      return async (request: Message, context) => {
        try {
          return answered(
            await inTime(() => bound.invoke(request, entryOf(context, context.signal)), context),
            context,
          );
        } catch (thrown) {
          throw asAnswer(thrown, context.signal);
        }
      };
    case "client_streaming":
      return async (requests: AsyncIterable<Message>, context) => {
        using stream = streams.open(context.signal);
        try {
          return answered(await bound.invoke(readable(requests), entryOf(context, stream.signal)), context);
        } catch (thrown) {
          throw asAnswer(thrown, stream.signal);
        }
      };
    case "server_streaming":
      return (request: Message, context) => answers((entry) => bound.invoke(request, entry), context, streams);
    case "bidi_streaming":
      return (requests: AsyncIterable<Message>, context) =>
        answers((entry) => bound.invoke(readable(requests), entry), context, streams);
  }
}

/** The same for a method that is open to all, whose implementation was made for Connect. */
export function implementOpen(spec: MethodImplSpec): Implementation {
  if (spec.kind !== "unary") return spec.impl as Implementation;
  const { impl } = spec;
  return (request: Message, context) => inTime(() => impl(request, context), context);
}

async function* answers(
  invoke: (entry: Entry) => AsyncIterable<Answer>,
  context: HandlerContext,
  streams: OpenStreams,
): AsyncGenerator<Answer> {
  using stream = streams.open(context.signal);
  try {
    yield* invoke(entryOf(context, stream.signal));
    if (stream.signal.aborted) throw stream.signal.reason;
    answered(undefined, context);
  } catch (thrown) {
    throw asAnswer(thrown, stream.signal);
  }
}

/** Messages of a stream that are handed on in one turn of the event loop. */
const inOneTurn = 64;

/**
 * Frames as they come, with what the stack says about unreadable ones turned into a refusal. Whoever sends small ones by
 * the thousand makes nobody wait for more than a few of them.
 */
async function* readable(frames: AsyncIterable<Message>): AsyncGenerator<Message> {
  let left = inOneTurn;
  try {
    for await (const frame of frames) {
      yield frame;
      if (--left > 0) continue;
      left = inOneTurn;
      await nextTurn();
    }
  } catch (thrown) {
    throw frameRefusal(thrown) ?? thrown;
  }
}

function answered<T>(answer: T, context: HandlerContext): T {
  callOf(context).answered = true;
  return answer;
}

function entryOf(context: HandlerContext, signal: AbortSignal): Entry {
  const call = callOf(context);
  const { requestHeader } = context;
  return {
    principal: call.caller ?? anonymous,
    signal,
    metadata: { get: (name) => requestHeader.get(name) ?? undefined },
    peer: call.head.arrival.peer,
  };
}

const asAnswer = (thrown: unknown, signal: AbortSignal) => errorOf(thrown, signal.aborted ? signal.reason : undefined);
