import type { OutgoingHttpHeaders, ServerHttp2Stream } from "node:http2";
import type { ConnectError } from "@connectrpc/connect";
import type { Compression } from "@connectrpc/connect/protocol";
import { contentTypeProto, grpcStatusOk, setTrailerStatus } from "@connectrpc/connect/protocol-grpc";
import { stopSending } from "../servers/index.ts";

/** Headers and trailers that an implementation has set. */
export interface SetByImplementation {
  readonly responseHeader: Headers;
  readonly responseTrailer: Headers;
}

const plainHeaders = { ":status": 200, "content-type": contentTypeProto };
const okTrailers = { "grpc-status": grpcStatusOk };
const withTrailers = { waitForTrailers: true };

/** Writes an answer: headers, its one message, and the status behind it. Without effect where the caller has gone. */
export function writeAnswer(
  stream: ServerHttp2Stream,
  frame: Buffer,
  compression: Compression | null,
  set: SetByImplementation | undefined,
): void {
  if (stream.destroyed || stream.closed) return;
  stream.respond(headersOf(compression, set), withTrailers);
  if (set) stream.once("wantTrailers", () => stream.sendTrailers(toNode(set.responseTrailer)));
  else stream.once("wantTrailers", sendOk);
  stream.end(frame);
}

function sendOk(this: ServerHttp2Stream): void {
  this.sendTrailers(okTrailers);
}

/**
 * Writes an error, in one block of headers that ends the answer (gRPC's Trailers-Only) unless an implementation has set
 * headers of its own, and tells a caller that still sends to stop.
 */
export function writeError(
  stream: ServerHttp2Stream,
  error: ConnectError,
  compression: Compression | null,
  set: SetByImplementation | undefined,
): void {
  if (stream.destroyed || stream.closed) return;
  const trailers = toNode(setTrailerStatus(new Headers(set?.responseTrailer), error));
  if (set) {
    stream.respond(headersOf(compression, set), withTrailers);
    stream.once("wantTrailers", () => {
      stream.sendTrailers(trailers);
      stopSending(stream);
    });
    stream.end();
  } else {
    stream.respond({ ...headersOf(compression, set), ...trailers }, { endStream: true });
    stopSending(stream);
  }
}

function headersOf(compression: Compression | null, set: SetByImplementation | undefined): OutgoingHttpHeaders {
  if (!compression && !set) return plainHeaders;
  return {
    ":status": 200,
    ...(set ? toNode(set.responseHeader) : { "content-type": contentTypeProto }),
    ...(compression && { "grpc-encoding": compression.name }),
  };
}

function toNode(headers: Headers): OutgoingHttpHeaders {
  return Object.fromEntries(headers);
}
