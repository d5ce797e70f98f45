import { readFileSync } from "node:fs";
import type { SecureClientSessionOptions } from "node:http2";
import { Code, ConnectError, type Interceptor, type Transport } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import type { ConnectionConfig, TlsConfig } from "./config.ts";

/** One HTTP/2 connection to the gateway, opened when a call needs it and again when it broke; all calls share it. */
export interface GatewayConnection extends Disposable {
  /** A way to call gRPC methods over the connection. */
  transport(...interceptors: Interceptor[]): Transport;
  /** Gives up a connection attempt or a connection; the next call opens another. */
  reset(): void;
}

const readMaxBytes = 4 * 1024 * 1024;

/** Reads the PEM files and prepares the connection. @throws Error where a file cannot be read. */
export function connectGateway(
  { endpoint, tls }: ConnectionConfig,
  { pingIntervalMs = 10_000 } = {},
): GatewayConnection {
  // Idle connections are not pinged: Connect 2.2 would go on to ping one that was given up with streams open, and throw from a
  // timer. A supervisor has streams open all the time, and a connection that was idle is checked before it is used.
  const keepalive = { pingIntervalMs, pingIdleConnection: false, pingTimeoutMs: 20_000 };
  const sessions = new Http2SessionManager(
    endpoint,
    keepalive,
    endpoint.startsWith("https:") ? tlsOptions(tls) : undefined,
  );
  return {
    transport: (...interceptors) =>
      createGrpcTransport({ baseUrl: endpoint, sessionManager: sessions, readMaxBytes, interceptors }),
    reset: () => sessions.abort(new ConnectError("the connection was given up", Code.Unavailable)),
    [Symbol.dispose]: () => sessions.abort(),
  };
}

function tlsOptions({ ca, client, serverName }: TlsConfig): SecureClientSessionOptions {
  return {
    minVersion: "TLSv1.2",
    // The environment of a container must not be able to turn verification off.
    rejectUnauthorized: true,
    ...(ca === undefined ? {} : { ca: readFileSync(ca) }),
    ...(client === undefined ? {} : { cert: readFileSync(client.cert), key: readFileSync(client.key) }),
    ...(serverName === undefined ? {} : { servername: serverName }),
  };
}
