import {
  createServer,
  type Http2Server,
  type Http2ServerRequest,
  Http2ServerResponse,
  type Http2Session,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from "node:http2";
import type { Log } from "../../core/log.ts";
import type { Limits } from "../limits.ts";
import { mustBeTaken, type RawResponse, type Receive } from "./raw.ts";
import { Turns } from "./turns.ts";

/** Streams that a client may reset at once, and then each second, before its connection is ended. */
const resets = { burst: 256, perSecond: 33 };

/** Takes a stream as it opens, or leaves it to Node, which makes a request and a response of it. */
type Take = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, rawHeaders: readonly string[]) => boolean;

/** The HTTP/2 server for sockets that listeners hand over, with and without TLS. It never listens itself. */
export function createHttp2Server(limits: Limits, log: Log, receive: Receive, take: Take): Http2Server {
  const server = createServer(
    {
      settings: { maxConcurrentStreams: limits.streamsPerConnection, maxHeaderListSize: limits.headerBytes },
      maxSessionMemory: 10,
      streamResetBurst: resets.burst,
      streamResetRate: resets.perSecond,
      Http2ServerResponse: takenWithin(limits.requestMs),
    },
    (request, response) => receive(request, response as unknown as RawResponse),
  );
  takeFirst(server, take);
  server.on("sessionError", (error: NodeJS.ErrnoException) =>
    log.debug({ code: error.code }, "an HTTP/2 connection failed"),
  );
  return server;
}

/** Node's own listener makes requests of streams; it gets what is not taken before. */
function takeFirst(server: Http2Server, take: Take): void {
  const others = server.listeners("stream");
  const turns = new Turns<Http2Session>();
  server.on("session", (session) => session.once("close", () => turns.forget(session)));
  server.removeAllListeners("stream");
  server.on("stream", (stream, headers, flags, rawHeaders) => {
    const begin = () => {
      if (take(stream, headers, rawHeaders)) return;
      for (const listener of others) listener.call(server, stream, headers, flags, rawHeaders);
    };
    const { session } = stream;
    if (!session || turns.mayBegin(session)) return begin();
    // Nobody else listens yet: one that fails while it waits is gone, and that is all there is to it.
    stream.on("error", () => undefined);
    turns.wait(session, {
      begin,
      get isOver() {
        return stream.destroyed || stream.closed;
      },
    });
  });
}

/** A response that must be taken once it was given in full. */
function takenWithin(ms: number): typeof Http2ServerResponse {
  return class<Request extends Http2ServerRequest> extends Http2ServerResponse<Request> {
    override end(data?: unknown, encoding?: unknown, callback?: unknown): this {
      super.end(data as string, encoding as BufferEncoding, callback as () => void);
      mustBeTaken(this, ms);
      return this;
    }
  };
}
