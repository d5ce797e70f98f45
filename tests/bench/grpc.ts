import { once } from "node:events";
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from "node:http2";

/** A gRPC call without a client library, so that the client's own work takes as little as possible of the machine. */
export interface Call {
  /** The method's name in `openshell.v1.OpenShell`. */
  readonly method: string;
  /** Undefined where the call has no credential. */
  readonly token: string | undefined;
  /** The request message, as protobuf bytes. */
  readonly message: Uint8Array;
}

export const pathOf = (method: string): string => `/openshell.v1.OpenShell/${method}`;

/** A message as gRPC puts it on the wire: not compressed, length, bytes (gRPC over HTTP/2, Length-Prefixed-Message). */
export function frame(message: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/**
 * A connection of its own.
 * @param ca in PEM, the authority that the certificate of a server with TLS is from
 */
export async function openConnection(url: string, ca?: string): Promise<ClientHttp2Session & Disposable> {
  const connection = connect(url, { ca });
  await once(connection, "connect");
  // What ends it ends its calls too, and they say so.
  connection.on("error", () => undefined);
  return Object.assign(connection, { [Symbol.dispose]: () => connection.destroy() });
}

/** Sends a call's headers. */
export function begin(connection: ClientHttp2Session, { method, token }: Omit<Call, "message">): ClientHttp2Stream {
  return connection.request({
    ":method": "POST",
    ":path": pathOf(method),
    "content-type": "application/grpc",
    te: "trailers",
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
  });
}

/** A call that was not answered with OK. */
export class CallFailed extends Error {
  /** The gRPC status as it came; `none` where the connection ended first. */
  readonly status: string;
  /** The header `grpc-status-details-bin`, empty where none came. */
  readonly details: string;

  constructor(method: string, { status, details }: Pick<CallFailed, "status" | "details">) {
    super(`${method} ended with gRPC status ${status}`);
    this.status = status;
    this.details = details;
  }
}

/**
 * Makes a unary call; resolves to the answer's bytes as they came, frame and all. Rejects with a {@link CallFailed} where
 * the status is not OK, or as the connection fails.
 */
export function callUnary(connection: ClientHttp2Session, call: Call): Promise<Buffer> {
  const stream = begin(connection, call);
  const chunks: Buffer[] = [];
  let [status, details] = ["none", ""];
  const note = (headers: { readonly [name: string]: unknown }) => {
    status = String(headers["grpc-status"] ?? status);
    details = String(headers["grpc-status-details-bin"] ?? details);
  };
  stream.on("response", note).on("trailers", note);
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  stream.end(frame(call.message));
  return new Promise((resolve, reject) => {
    stream.on("error", reject);
    stream.on("close", () => {
      if (status === "0") resolve(Buffer.concat(chunks));
      else reject(new CallFailed(call.method, { status, details }));
    });
  });
}
