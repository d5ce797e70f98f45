import { createServer, type Http2Server } from "node:http2";
import type { Log } from "../../core/log.ts";
import type { Limits } from "../limits.ts";
import type { RawResponse, Receive } from "./raw.ts";

/** Streams that a client may reset at once, and then each second, before its connection is ended. */
const resets = { burst: 256, perSecond: 33 };

/** The HTTP/2 server for sockets that listeners hand over, with and without TLS. It never listens itself. */
export function createHttp2Server(limits: Limits, log: Log, receive: Receive): Http2Server {
  const server = createServer(
    {
      settings: { maxConcurrentStreams: limits.streamsPerConnection, maxHeaderListSize: limits.headerBytes },
      maxSessionMemory: 10,
      streamResetBurst: resets.burst,
      streamResetRate: resets.perSecond,
    },
    (request, response) => receive(request, response as unknown as RawResponse),
  );
  server.on("sessionError", (error: NodeJS.ErrnoException) =>
    log.debug({ code: error.code }, "an HTTP/2 connection failed"),
  );
  return server;
}
