import { ConnectError, type MethodImplSpec } from "@connectrpc/connect";
import { amendCodecError, keepAsMeant } from "../rpc/index.ts";

/**
 * The one difference between open and guarded methods when they fail. A guarded method refuses with a `Refusal`, and
 * whatever else it throws is hidden. An open method is written for Connect: a `ConnectError` that it throws is meant for
 * its caller, `internal` too. Anything else that it throws is hidden as well, and so is what the stack says of a
 * frame that it cannot read, though that passes through the implementation that reads it.
 */
export function outspoken(spec: MethodImplSpec): MethodImplSpec {
  const { kind, method, impl } = spec;
  switch (kind) {
    case "unary":
      return { kind, method, impl: (request, context) => kept(() => impl(request, context)) };
    case "client_streaming":
      return { kind, method, impl: (requests, context) => kept(() => impl(amended(requests), context)) };
    case "server_streaming":
      return { kind, method, impl: (request, context) => keptFrames(() => impl(request, context)) };
    case "bidi_streaming":
      return { kind, method, impl: (requests, context) => keptFrames(() => impl(amended(requests), context)) };
  }
}

async function kept<T>(answer: () => T | Promise<T>): Promise<T> {
  try {
    return await answer();
  } catch (thrown) {
    keepAsMeant(thrown);
    throw thrown;
  }
}

async function* keptFrames<T>(answers: () => AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* answers();
  } catch (thrown) {
    keepAsMeant(thrown);
    throw thrown;
  }
}

/** Frames as they come. */
async function* amended<T>(frames: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* frames;
  } catch (thrown) {
    if (thrown instanceof ConnectError) amendCodecError(thrown);
    throw thrown;
  }
}
