import { createServer, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Limits } from "../limits.ts";
import type { Receive } from "./raw.ts";

/** No client of ours comes near; a new connection costs little. */
const requestsPerConnection = 100_000;
/**
 * Requests that may be sent on a connection before the first is answered. Clients do not do that (RFC 9112, section
 * 9.3.2, warns of it); who sends them by the thousand would have all of them begun in one turn of the event loop.
 */
const pipelined = 16;

/**
 * The HTTP/1.1 server for sockets that listeners hand over. It never listens itself.
 * A request's whole body is due within `requestMs` here, a stream's too.
 */
export function createHttp1Server(limits: Limits, receive: Receive): Server {
  const mayCome = boundPipelines();
  const server = createServer(
    {
      maxHeaderSize: limits.headerBytes,
      headersTimeout: Math.min(limits.headersMs, limits.requestMs),
      requestTimeout: limits.requestMs,
      keepAliveTimeout: limits.idleMs,
      connectionsCheckingInterval: Math.min(1_000, limits.headersMs / 2),
      noDelay: true,
    },
    (request, response) => {
      // Node's parser lets HTTP/1.1 carry requests that say of themselves that they are HTTP/2.0.
      const { socket } = request;
      if (request.httpVersionMajor !== 1) return void socket.end(bare(505, "HTTP Version Not Supported"));
      if (!mayCome(socket, response)) return void socket.destroy();
      mustBeTaken(socket, response, limits.requestMs);
      receive(request, response);
    },
  );
  // The size bounds them; a bound on their number would drop the rest unseen, a second Authorization among them.
  server.maxHeadersCount = 0;
  server.maxRequestsPerSocket = requestsPerConnection;
  server.on("connect", (_request, socket: Socket) => socket.end(bare(405, "Method Not Allowed")));
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Socket) => {
    if (!socket.writable || error.code === "ECONNRESET") return void socket.destroy();
    socket.setTimeout(limits.requestMs);
    socket.end(bare(...statusOf(error.code)), () => socket.destroy());
  });
  // A server that does not listen checks no timeouts and knows no idle connections, unless it thinks that it does.
  server.emit("listening");
  return server;
}

/** Says of each request whether its connection may have one more that is not answered. */
function boundPipelines(): (socket: Socket, response: ServerResponse) => boolean {
  const unanswered = new WeakMap<Socket, number>();
  return (socket, response) => {
    const before = unanswered.get(socket) ?? 0;
    if (before >= pipelined || socket.destroyed) return false;
    unanswered.set(socket, before + 1);
    response.once("close", () => unanswered.set(socket, (unanswered.get(socket) ?? 1) - 1));
    return true;
  };
}

/** Ends a connection that takes nothing of an answer that was given in full; it would stay for ever. */
function mustBeTaken(socket: Socket, response: ServerResponse, ms: number): void {
  response.once("prefinish", () => socket.setTimeout(ms));
  // Before Node's own listener, which says how long the connection may be idle.
  response.prependOnceListener("finish", () => socket.setTimeout(0));
}

function statusOf(code: string | undefined): [number, string] {
  if (code === "HPE_HEADER_OVERFLOW") return [431, "Request Header Fields Too Large"];
  if (code === "HPE_CHUNK_EXTENSIONS_OVERFLOW") return [413, "Content Too Large"];
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") return [408, "Request Timeout"];
  return [400, "Bad Request"];
}

const bare = (status: number, text: string) =>
  `HTTP/1.1 ${status} ${text}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`;
