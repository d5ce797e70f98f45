/**
 * The short way for unary gRPC calls over HTTP/2: a stream is taken before Node makes request and response objects for
 * it, and answered without Connect. What it means to make a call is the same as everywhere (`../call`); whatever is not
 * plainly such a call goes to Connect, as if nothing had happened.
 */

export { withLightStreams } from "./grpc-streams.ts";
export { guardedMethods } from "./lean-method.ts";
export { openMethods } from "./open-methods.ts";
export { createTakeStream } from "./take-stream.ts";
