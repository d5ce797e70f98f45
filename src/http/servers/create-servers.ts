import type { Server } from "node:http";
import { constants, type IncomingHttpHeaders, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import type { Clock } from "../../core/clock.ts";
import type { Log } from "../../core/log.ts";
import type { Limits } from "../limits.ts";
import type { Connection } from "../listen/index.ts";
import { createHttp1Server } from "./http1-server.ts";
import { createHttp2Server } from "./http2-server.ts";
import type { InFlight } from "./in-flight.ts";
import { keepSession } from "./keep-session.ts";
import { isHttp2, type RawRequest, type RawResponse } from "./raw.ts";

export interface ServersOptions {
  readonly limits: Limits;
  readonly clock: Clock;
  readonly log: Log;
  /** Gets every request of every connection. */
  readonly receive: (request: RawRequest, response: RawResponse, connection: Connection) => void;
  /** Gets every stream of HTTP/2 first, and says whether it keeps it. */
  readonly take: (
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    rawHeaders: readonly string[],
    connection: Connection,
  ) => boolean;
  readonly inFlight: InFlight;
}

/** One server for each version of HTTP, shared by all listeners. */
export interface Servers extends Disposable {
  readonly http1: Server;
  take(protocol: "http1" | "http2", socket: Socket, connection: Connection): void;
  /** Tells every connection to make its further requests elsewhere; what it has begun goes on. */
  sendAway(): void;
}

/** Makes the servers; they are idle until sockets are handed over. */
export function createServers({ limits, clock, log, receive, take, inFlight }: ServersOptions): Servers {
  const connections = new WeakMap<object, Connection>();
  const sessions = new Set<ServerHttp2Session>();
  let arriving: Connection | undefined;

  function serve(request: RawRequest, response: RawResponse): void {
    const connection = connections.get((isHttp2(request) ? request.stream.session : request.socket) ?? request);
    if (!connection) return void response.destroy();
    connection.active++;
    connection.served++;
    inFlight.enter();
    response.once("close", () => {
      connection.active--;
      connection.lastUsed = clock.monotonic();
      inFlight.leave();
    });
    receive(request, response, connection);
  }
  const http1 = createHttp1Server(limits, serve);
  const http2 = createHttp2Server(limits, log, serve, (stream, headers, rawHeaders) => {
    const connection = stream.session && connections.get(stream.session);
    return connection !== undefined && take(stream, headers, rawHeaders, connection);
  });
  http2.on("session", (session) => {
    if (!arriving) return session.destroy();
    connections.set(session, arriving);
    sessions.add(session);
    session.once("close", () => sessions.delete(session));
    keepSession(session, arriving, limits, clock);
  });

  return {
    http1,
    take(protocol, socket, connection) {
      if (protocol === "http1") {
        connections.set(socket, connection);
        http1.emit("connection", socket);
        return;
      }
      // The session event comes before emit returns.
      arriving = connection;
      http2.emit("connection", socket);
      arriving = undefined;
    },
    sendAway() {
      http1.closeIdleConnections();
      for (const session of sessions) session.close();
    },
    [Symbol.dispose]() {
      http1.close();
      http1.closeAllConnections();
      for (const session of sessions) session.destroy(undefined, constants.NGHTTP2_NO_ERROR);
    },
  };
}
