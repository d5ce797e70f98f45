import type { IncomingHttpHeaders } from "node:http2";
import type { ConnectError } from "@connectrpc/connect";
import { type Compression, compressionNegotiate } from "@connectrpc/connect/protocol";
import { acceptedCompressions, requestHeaders } from "../rpc/index.ts";

/** How a call's messages are compressed, where they are. */
export interface Encodings {
  readonly request: Compression | null;
  readonly response: Compression | null;
  /** Where the caller sends what nobody here can read. */
  readonly error: ConnectError | undefined;
}

const none: Encodings = { request: null, response: null, error: undefined };

/** Reads what gRPC's headers say of compression; most callers say nothing. */
export function encodingsOf(headers: IncomingHttpHeaders): Encodings {
  if (headers["grpc-encoding"] === undefined && headers["grpc-accept-encoding"] === undefined) return none;
  const header = requestHeaders({ headers }) ?? new Headers();
  const { request, response, error } = compressionNegotiate(
    acceptedCompressions,
    header.get("grpc-encoding"),
    header.get("grpc-accept-encoding"),
    "grpc-accept-encoding",
  );
  return { request, response, error };
}
