import type { OutgoingHttpHeaders } from "node:http";
import { Code, ConnectError, type ConnectRouter } from "@connectrpc/connect";
import { isGone, isHttp2, type RawRequest, type RawResponse, stopSending } from "../servers/index.ts";

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
    while (!ended && chunks) ended = await writeNext(chunks, request, response);
    if (answer.trailer) response.addTrailers(toNode(answer.trailer) as Record<string, string>);
    if (!request.complete) endUnread(request);
    response.end();
  } finally {
    if (!ended) await chunks?.return?.();
  }
}

/** Resolves to whether that was the end. It is a function so that nobody holds a chunk while the next one is awaited. */
async function writeNext(
  chunks: AsyncIterator<Uint8Array>,
  request: RawRequest,
  response: RawResponse,
): Promise<boolean> {
  const chunk = await chunks.next();
  if (chunk.done) return true;
  if (isGone(request, response)) throw gone();
  if (!response.write(chunk.value)) await drained(request, response);
  return false;
}

/**
 * Tells a client that still sends to stop, once the trailers are out. HTTP/1.1 has no such word: what still comes is thrown
 * away, for as long as a request may take, or the connection's next request would wait behind it.
 */
function endUnread(request: RawRequest): void {
  if (!isHttp2(request)) return void request.resume();
  const { stream } = request;
  stream.once("wantTrailers", () => stopSending(stream));
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
