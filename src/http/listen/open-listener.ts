import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { Clock } from "../../core/clock.ts";
import type { Log } from "../../core/log.ts";
import type { Limits } from "../limits.ts";
import { type Connection, describeConnection, type ListenerKind } from "./connection.ts";
import { hangUpWithin } from "./hang-up.ts";
import { seldom } from "./notice.ts";
import { Places } from "./places.ts";
import { createReloadingTls, type ReloadingTls } from "./reloading-tls.ts";
import { sniff } from "./sniff.ts";
import type { TlsSource } from "./tls-files.ts";

export interface ListenerOptions {
  readonly kind: ListenerKind;
  /** The address to bind, for instance `127.0.0.1` or `::`. */
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Without it the port speaks cleartext, HTTP/2 by prior knowledge included. */
  readonly tls?: TlsSource;
}

/** Where a listener can be reached. */
export interface ListenerAddress {
  readonly kind: ListenerKind;
  readonly host: string;
  readonly port: number;
  /** With the loopback address in place of an unspecified one. */
  readonly url: string;
}

export interface Listener extends AsyncDisposable {
  readonly address: ListenerAddress;
  /** Reads the certificate files again; does nothing on a cleartext port. */
  reloadTls(): Promise<void>;
  /** Takes no more connections and ends those that have said nothing yet; resolves when the last one is closed. */
  stopAccepting(): Promise<void>;
}

/** Takes a connection whose protocol is known, with its bytes unread. */
type Take = (protocol: "http1" | "http2", socket: Socket, connection: Connection) => void;

interface Surroundings {
  readonly limits: Limits;
  readonly clock: Clock;
  readonly log: Log;
  readonly take: Take;
}

const noticeMs = 10_000;
/**
 * Connections that the kernel may have waiting for us (it cuts this to its own bound, `net.core.somaxconn`). Node asks for
 * 511: when thousands come at once while we are busy, the kernel drops what is beyond, and those try again after 1, 3 and
 * 7 s, all at the same time.
 */
const backlog = 4_096;

/** Opens one port for all protocols (requirement G1). @throws Error where it cannot be bound or its certificate is no good. */
export async function openListener(
  options: ListenerOptions,
  { limits, clock, log, take }: Surroundings,
): Promise<Listener> {
  const places = new Places(limits.connections, clock);
  const silent = new Set<Socket>();
  const closed = Promise.withResolvers<void>();
  const tls = options.tls && (await openTls(options.tls));
  const server: Server = tls?.server ?? createServer({ allowHalfOpen: true, noDelay: true });
  const spoken = tls ? "TLS" : "cleartext";
  const notice = (message: string) =>
    seldom(clock, noticeMs, (withheld) => log.warn({ port: options.port, spoken, withheld }, message));
  const wrongLanguage = notice(
    tls ? "a client did not speak TLS on a TLS port" : "a client spoke TLS on a cleartext port",
  );
  const tooMany = notice("connections are refused, the listener has as many as it may have");
  const roomMade = notice("connections that did nothing were ended, the listener has as many as it may have");
  const badCertificate = notice("a client's certificate is not signed by a known authority");

  async function openTls(source: TlsSource): Promise<ReloadingTls> {
    const opened = await createReloadingTls({ source, handshakeMs: limits.openingMs, clock, log });
    opened.server.on("secureConnection", (socket) => {
      if (isUnverified(socket)) {
        badCertificate();
        return void socket.destroy();
      }
      const connection = describe(socket);
      if (!connection) return;
      // HTTP/2 over TLS asks for ALPN (RFC 9113, section 3.3); who names no protocol speaks HTTP/1.1.
      handOver(socket.alpnProtocol === "h2" ? "http2" : "http1", socket, connection);
    });
    opened.server.on("tlsClientError", (error: NodeJS.ErrnoException, socket) => {
      socket.destroy();
      if (/^ERR_SSL_(HTTP_REQUEST|HTTPS_PROXY_REQUEST|WRONG_VERSION_NUMBER|PACKET_LENGTH)/.test(error.code ?? ""))
        wrongLanguage();
      else log.debug({ code: error.code }, "a TLS handshake failed");
    });
    return opened;
  }

  function describe(socket: Socket): Connection | undefined {
    const connection = describeConnection(socket, options.kind, clock.monotonic());
    if (!connection) socket.destroy();
    return connection;
  }
  function look(socket: Socket, connection: Connection): void {
    silent.add(socket);
    socket.once("close", () => silent.delete(socket));
    sniff(socket, { clock, withinMs: limits.openingMs }, (opening) => {
      if (opening !== "tls") return handOver(opening, socket, connection);
      wrongLanguage();
      socket.destroy();
    });
  }
  function handOver(protocol: "http1" | "http2", socket: Socket, connection: Connection): void {
    silent.delete(socket);
    places.describe(socket, connection);
    socket.allowHalfOpen = protocol === "http1";
    if (protocol === "http2") hangUpWithin(socket, { clock, withinMs: limits.pingAckMs });
    take(protocol, socket, connection);
  }

  server.once("close", closed.resolve);
  server.on("connection", (socket) => {
    const place = places.take(socket);
    if (!place) {
      tooMany();
      return void socket.destroy();
    }
    if (place.from) roomMade();
    if (tls) return;
    const connection = describe(socket);
    if (connection) look(socket, connection);
  });
  try {
    server.listen({ port: options.port, host: options.host, backlog });
    await once(server, "listening");
  } catch (error) {
    await tls?.[Symbol.asyncDispose]();
    throw error;
  }

  return {
    address: addressOf(options, server.address() as AddressInfo),
    reloadTls: async () => tls?.reload(),
    stopAccepting() {
      if (server.listening) server.close();
      for (const socket of silent) socket.destroy();
      return closed.promise;
    },
    async [Symbol.asyncDispose]() {
      if (server.listening) server.close();
      for (const socket of places) socket.destroy();
      await Promise.all([closed.promise, tls?.[Symbol.asyncDispose]()]);
    },
  };
}

/** Whether a client presented a certificate that nobody vouches for; one that presented none is no matter of this. */
const isUnverified = (socket: TLSSocket) => !socket.authorized && socket.getPeerX509Certificate() !== undefined;

function addressOf({ kind, host, tls }: ListenerOptions, { port }: AddressInfo): ListenerAddress {
  const reachable = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
  const authority = reachable.includes(":") ? `[${reachable}]` : reachable;
  return { kind, host, port, url: `${tls ? "https" : "http"}://${authority}:${port}` };
}
