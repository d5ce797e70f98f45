import { Code, ConnectError, createClient, type Interceptor } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { OpenShell } from "../../gen/openshell/v1/openshell_pb.ts";

/** What the wire said: a status by its gRPC name, and its text. */
export interface Said {
  readonly status: string;
  readonly text: string;
}

/** Calls the gateway over gRPC as whoever holds the token, or as nobody. */
export function createCaller(endpoint: string) {
  const sessions = new Http2SessionManager(endpoint);
  const client = (token?: string) => {
    const interceptors: Interceptor[] = [within(longestMs), ...(token === undefined ? [] : [bearer(token)])];
    return createClient(OpenShell, createGrpcTransport({ baseUrl: endpoint, sessionManager: sessions, interceptors }));
  };
  return { client, [Symbol.dispose]: () => sessions.abort() };
}

/** The longest that a call may take, in milliseconds. */
const longestMs = 20_000;

/** Gives each call a limit whose timer, other than a deadline's, does not keep the program alive after the call. */
function within(ms: number): Interceptor {
  return (next) => (request) =>
    next({ ...request, signal: AbortSignal.any([request.signal, AbortSignal.timeout(ms)]) });
}

export type Client = ReturnType<ReturnType<typeof createCaller>["client"]>;

function bearer(token: string): Interceptor {
  return (next) => (request) => {
    request.header.set("authorization", `Bearer ${token}`);
    return next(request);
  };
}

/** Makes a call and tells what the wire said, success or failure. */
export async function ask<T>(call: Promise<T>, tell: (answer: T) => string): Promise<Said> {
  try {
    return { status: "OK", text: tell(await call) };
  } catch (thrown) {
    const error = ConnectError.from(thrown);
    return { status: Code[error.code], text: error.rawMessage };
  }
}
