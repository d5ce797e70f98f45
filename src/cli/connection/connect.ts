import type { SecureClientSessionOptions } from "node:http2";
import { type CallOptions, type Client, createClient, type Interceptor } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { IdentityService } from "../../../gen/openshell/identity/v1/identity_pb.ts";
import { OpenShell } from "../../../gen/openshell/v1/openshell_pb.ts";
import type { Clock } from "../../core/clock.ts";
import type { Secret } from "../../core/secret.ts";
import { exitCodes, Failure } from "../failure.ts";
import type { Credentials, Target } from "../target/index.ts";
import { explainUnreachable, type Where } from "./explain.ts";
import { Sessions } from "./sessions.ts";

const connectTimeoutMs = 10_000;
const pingIntervalMs = 10_000;
/** The longest that a unary call may take; making a sandbox is the slowest. */
const callTimeoutMs = 60_000;
/** A list of a thousand sandboxes with their policies is a few MiB. */
const readMaxBytes = 64 * 1024 * 1024;

export interface ConnectOptions {
  readonly target: Target;
  readonly credentials: Credentials;
  /** Accept any certificate of the gateway. */
  readonly insecure: boolean;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** An open connection to a gateway. */
export interface Connection extends Disposable {
  readonly client: Client<typeof OpenShell>;
  /** For administrators; OpenShell's own gateways do not have it. */
  readonly identity: Client<typeof IdentityService>;
  /** For unary calls: they end with the program and within a minute. */
  readonly unary: CallOptions;
  readonly where: Where;
}

/** TLS as the target's files and flags have it; for HTTP/1.1 as well as for HTTP/2. */
export function tlsOptions({ credentials, insecure }: Pick<ConnectOptions, "credentials" | "insecure">) {
  const { ca, client } = credentials;
  return {
    rejectUnauthorized: !insecure,
    ...(ca === undefined ? {} : { ca }),
    ...(client ? { cert: client.certificate, key: client.key.reveal() } : {}),
  } satisfies SecureClientSessionOptions;
}

const bearerOnEveryCall =
  (token: Secret): Interceptor =>
  (next) =>
  (request) => {
    request.header.set("authorization", `Bearer ${token.reveal()}`);
    return next(request);
  };

/** What calls with these credentials are known by. */
function describe({ target, credentials, clock }: Pick<ConnectOptions, "target" | "credentials" | "clock">): Where {
  const { bearer, bearerExpiresAt, client } = credentials;
  return {
    endpoint: target.endpoint.url,
    presented: bearer ? "bearer" : client ? "certificate" : "nothing",
    expired: bearerExpiresAt !== undefined && bearerExpiresAt <= clock.now(),
  };
}

async function open(session: Sessions, where: Where, { clock, signal }: ConnectOptions): Promise<void> {
  const late = new Failure(
    `cannot reach the gateway at ${where.endpoint}: no answer within ${connectTimeoutMs / 1000} s`,
    {
      next: "is the network between here and the gateway up, and is the port the right one?",
      exitCode: exitCodes.timeout,
    },
  );
  const abort = () => session.abort(late);
  using _timer = clock.after(connectTimeoutMs, abort);
  signal.addEventListener("abort", abort, { once: true });
  try {
    if ((await session.connect()) === "error") throw explainUnreachable(session.error(), where);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/**
 * Connects to a gateway with HTTP/2, in clear or over TLS as its endpoint says, and keeps the connection alive with
 * PING frames.
 *
 * @throws Failure that says why the gateway cannot be reached
 */
export async function connect(options: ConnectOptions): Promise<Connection> {
  const { target, credentials, signal } = options;
  const where = describe(options);
  const session = new Sessions(
    target.endpoint.url,
    { pingIntervalMs, pingTimeoutMs: pingIntervalMs, pingIdleConnection: true },
    target.endpoint.secure ? tlsOptions(options) : {},
  );
  signal.throwIfAborted();
  await open(session, where, options);
  const transport = createGrpcTransport({
    baseUrl: target.endpoint.url,
    sessionManager: session,
    readMaxBytes,
    interceptors: credentials.bearer ? [bearerOnEveryCall(credentials.bearer)] : [],
  });
  return {
    client: createClient(OpenShell, transport),
    identity: createClient(IdentityService, transport),
    unary: { signal, timeoutMs: callTimeoutMs },
    where,
    [Symbol.dispose]: () => session.abort(),
  };
}
