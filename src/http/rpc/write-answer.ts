import type { OutgoingHttpHeaders } from "node:http";
import { constants, type ServerHttp2Stream } from "node:http2";
import { Code, ConnectError, type ConnectRouter } from "@connectrpc/connect";
import { isGone, isHttp2, type RawRequest, type RawResponse } from "../servers/index.ts";

/** One method's handler for all protocols, as Connect makes it. */
export type UniversalHandler = ConnectRouter["handlers"][number];
export type UniversalAnswer = Awaited<ReturnType<UniversalHandler>>;

/**
 * Writes what a handler answers, no faster than the caller takes it. Resolves when all is handed to the connection.
 * @throws ConnectError `aborted` where the caller goes away, after the handler was told; and what the answer throws.
 */
export async function writeAnswer(answer: UniversalAnswer, request: RawRequest, response: RawResponse): Promise<void> {
  const chunks = answer.body?.[Symbol.asyncIterator]();
  let ended = chunks === undefined;
  try {
    response.writeHead(answer.status, toNode(answer.header));
    for (let chunk = await chunks?.next(); chunk && !chunk.done; chunk = await chunks?.next()) {
      if (isGone(request, response)) throw gone();
      if (!response.write(chunk.value)) await drained(request, response);
    }
    ended = true;
    if (answer.trailer) response.addTrailers(toNode(answer.trailer) as Record<string, string>);
    if (isHttp2(request) && !request.complete) endUnread(request.stream);
    response.end();
  } finally {
    if (!ended) await chunks?.return?.();
  }
}

/**
 * Once the answer is out, trailers included, a client that still sends is told to stop (RFC 9113, section 8.1). A reset
 * that is sent any sooner would take the trailers with it.
 */
function endUnread(stream: ServerHttp2Stream): void {
  stream.once("wantTrailers", () => setImmediate(() => stream.close(constants.NGHTTP2_NO_ERROR)));
}

function drained(request: RawRequest, response: RawResponse): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = () => {
      response.off("drain", settle);
      response.off("close", settle);
      if (isGone(request, response)) reject(gone());
      else resolve();
    };
    response.on("drain", settle);
    response.on("close", settle);
  });
}

const gone = () => new ConnectError("the caller went away", Code.Aborted);

function toNode(headers: Headers | undefined): OutgoingHttpHeaders {
  const plain: OutgoingHttpHeaders = {};
  headers?.forEach((value, name) => {
    plain[name] = value;
  });
  return plain;
}
