import type { IncomingMessage, ServerResponse } from "node:http";
import { constants, type Http2ServerRequest, type Http2ServerResponse, type ServerHttp2Stream } from "node:http2";

/** A request of either version of HTTP, as Node gives it. */
export type RawRequest = IncomingMessage | Http2ServerRequest;
/** Its response; for HTTP/2 Node's compatibility layer makes one that is used like this. */
export type RawResponse = ServerResponse;

export type Receive = (request: RawRequest, response: RawResponse) => void;

/** Whether it came over HTTP/2. */
export const isHttp2 = (request: RawRequest): request is Http2ServerRequest => request.httpVersionMajor === 2;

/** Whether nobody will read what is written. HTTP/2's responses do not say it themselves. */
export function isGone(request: RawRequest, response: RawResponse): boolean {
  return isHttp2(request) ? request.stream.destroyed || request.stream.closed : response.destroyed;
}

/** Ends an exchange that cannot be finished, so that its caller does not take what it has for the whole. */
export function cutOff(request: RawRequest, response: RawResponse, code: number): void {
  if (isHttp2(request)) request.stream.close(code);
  else response.destroy();
}

/**
 * Ends a stream of HTTP/2 of which nothing is taken for so many milliseconds, from here on: a caller that grants no window
 * would keep its answer in memory for ever.
 */
export function mustBeTaken({ stream }: Pick<Http2ServerResponse, "stream">, withinMs: number): void {
  if (!stream.destroyed) stream.setTimeout(withinMs, () => stream.close(constants.NGHTTP2_CANCEL));
}

/**
 * Tells a client that still sends to stop, once an answer whose last frame is written is out (RFC 9113, section 8.1). A
 * reset that is sent any sooner would take the answer with it.
 */
export function stopSending(stream: ServerHttp2Stream): void {
  if (stream.readableEnded) return;
  stream.resume();
  setImmediate(() => {
    if (!stream.readableEnded) stream.close(constants.NGHTTP2_NO_ERROR);
  });
}
