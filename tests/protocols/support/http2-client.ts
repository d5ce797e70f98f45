import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from "node:http2";

export interface Http2Answer {
  readonly headers: IncomingHttpHeaders;
  readonly trailers: IncomingHttpHeaders;
  readonly body: string;
  readonly rstCode: number | undefined;
}

/** A bare HTTP/2 connection, closed with its scope. */
export function http2Session(url: string): ClientHttp2Session & AsyncDisposable {
  const session = connect(url, { rejectUnauthorized: false });
  session.on("error", () => undefined);
  return Object.assign(session, {
    async [Symbol.asyncDispose]() {
      if (!session.destroyed) session.destroy();
    },
  });
}

/** One request, to its end. A stream that is reset resolves too, with its code. */
export function ask(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders | readonly string[],
  body?: Uint8Array | string,
): Promise<Http2Answer> {
  return new Promise((resolve) => {
    const stream = session.request(headers as OutgoingHttpHeaders);
    let answered: IncomingHttpHeaders = {};
    let trailers: IncomingHttpHeaders = {};
    let text = "";
    stream.on("response", (given) => {
      answered = given;
      // An answer that is nothing but an error may be a single block of headers, which gRPC calls trailers-only.
      if ("grpc-status" in given) trailers = given;
    });
    stream.on("trailers", (given) => {
      trailers = given;
    });
    stream.on("data", (chunk) => {
      text += chunk;
    });
    const settle = () => resolve({ headers: answered, trailers, body: text, rstCode: stream.rstCode });
    stream.on("error", () => undefined);
    // Node's client does not close a stream whose answer is complete before its request is.
    stream.on("end", () => setImmediate(settle));
    stream.on("close", settle);
    stream.end(body);
  });
}

/** The gRPC status of an answer, as soon as it comes: in trailers, or in headers that are all of the answer. */
export function grpcStatus(stream: ClientHttp2Stream): Promise<unknown> {
  return new Promise((resolve) => {
    const note = (headers: IncomingHttpHeaders) => {
      if ("grpc-status" in headers) resolve(headers["grpc-status"]);
    };
    stream.on("response", note).on("trailers", note);
  });
}

/** A gRPC frame around a message. */
export function frame(message: Uint8Array, flags = 0): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(flags, 0);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

export const health = "/openshell.v1.OpenShell/Health";
export const config = "/openshell.v1.OpenShell/GetSandboxConfig";

/** A gRPC call's headers. */
export const grpcHeaders = (path: string, more: OutgoingHttpHeaders = {}): OutgoingHttpHeaders => ({
  ":method": "POST",
  ":path": path,
  "content-type": "application/grpc",
  te: "trailers",
  ...more,
});
