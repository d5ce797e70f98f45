import { Code } from "@connectrpc/connect";
import { isHttp2, type RawRequest, type RawResponse, stopSending } from "./servers/index.ts";

/** Sent with whatever is no RPC answer: nothing here is for browsers to render, frame or keep. */
export const plainHeaders = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
} as const;

const connectNames: Partial<Record<Code, string>> = {
  [Code.Unknown]: "unknown",
  [Code.InvalidArgument]: "invalid_argument",
  [Code.NotFound]: "not_found",
  [Code.ResourceExhausted]: "resource_exhausted",
  [Code.Unimplemented]: "unimplemented",
  [Code.Internal]: "internal",
};

const grpcType = /^application\/grpc(?:-web)?(?:\+proto|\+json)?/;

/**
 * Answers a request that no handler takes in the protocol that it speaks: gRPC and gRPC-Web get a status in
 * headers that end the answer, all others the HTTP status with Connect's JSON error.
 */
export function answerError(
  request: RawRequest,
  response: RawResponse,
  status: number,
  code: Code,
  says: string,
): void {
  const grpc = grpcType.exec(request.headers["content-type"] ?? "");
  if (grpc) {
    // Set, not written ahead: the answer then is a single frame that ends the stream, which gRPC calls trailers-only.
    response.setHeader("content-type", grpc[0]);
    response.setHeader("grpc-status", String(code));
    response.setHeader("grpc-message", encodeURIComponent(says));
    response.end();
    if (isHttp2(request)) stopSending(request.stream);
    return;
  }
  const body = JSON.stringify({ code: connectNames[code], message: says });
  response.writeHead(status, {
    ...plainHeaders,
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
  });
  response.end(request.method === "HEAD" ? undefined : body);
}
