import { createServer, type Server } from "node:http";
import type { Socket } from "node:net";
import type { Limits } from "../limits.ts";
import type { Receive } from "./raw.ts";

/** No client of ours comes near; a new connection costs little. */
const requestsPerConnection = 100_000;

/**
 * The HTTP/1.1 server for sockets that listeners hand over. It never listens itself.
 * A request's whole body is due within `requestMs` here, a stream's too.
 */
export function createHttp1Server(limits: Limits, receive: Receive): Server {
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
      if (request.httpVersionMajor === 1) receive(request, response);
      else request.socket.end(bare(505, "HTTP Version Not Supported"));
    },
  );
  // The size bounds them; a bound on their number would drop the rest unseen, a second Authorization among them.
  server.maxHeadersCount = 0;
  server.maxRequestsPerSocket = requestsPerConnection;
  server.on("connect", (_request, socket: Socket) => socket.end(bare(405, "Method Not Allowed")));
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Socket) => {
    if (!socket.writable || error.code === "ECONNRESET") return void socket.destroy();
    socket.end(bare(...statusOf(error.code)), () => socket.destroy());
  });
  // A server that does not listen checks no timeouts and knows no idle connections, unless it thinks that it does.
  server.emit("listening");
  return server;
}

function statusOf(code: string | undefined): [number, string] {
  if (code === "HPE_HEADER_OVERFLOW") return [431, "Request Header Fields Too Large"];
  if (code === "HPE_CHUNK_EXTENSIONS_OVERFLOW") return [413, "Content Too Large"];
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") return [408, "Request Timeout"];
  return [400, "Bad Request"];
}

const bare = (status: number, text: string) =>
  `HTTP/1.1 ${status} ${text}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`;
