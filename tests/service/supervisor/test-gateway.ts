import { createServer, type Http2Server, type ServerHttp2Session } from "node:http2";
import type { AddressInfo } from "node:net";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError, type Interceptor, type ServiceImpl } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { ErrorInfoSchema } from "../../../gen/google/rpc/error_details_pb.ts";
import { PolicySource } from "../../../gen/openshell/sandbox/v1/config_pb.ts";
import { OpenShell } from "../../../gen/openshell/v1/openshell_pb.ts";
import type { GatewayMessageSchema } from "../../../gen/openshell/v1/supervisor_pb.ts";

/** A call as it arrived. */
export interface SeenCall {
  readonly method: string;
  /** What stood after `Bearer `. */
  readonly token: string;
  readonly conflict: string | null;
}

export type Handlers = Partial<ServiceImpl<typeof OpenShell>>;

/** An `unauthenticated` that names its reason, as the gateway sends it. */
export function refusedFor(reason: string): ConnectError {
  const detail = { desc: ErrorInfoSchema, value: create(ErrorInfoSchema, { reason, domain: "openshell" }) };
  return new ConnectError("invalid token", Code.Unauthenticated, undefined, [detail]);
}

/** A gRPC server over HTTP/2 with prior knowledge, on a free port of loopback, that answers what the test says. */
export class TestGateway implements AsyncDisposable {
  readonly calls: SeenCall[] = [];
  /** Decides about each call's token before its handler runs; throws to refuse. */
  authenticate: (call: SeenCall) => void = () => undefined;
  readonly #server: Http2Server;
  readonly #sessions = new Set<ServerHttp2Session>();

  private constructor(handlers: Handlers) {
    const record: Interceptor = (next) => async (request) => {
      const call = {
        method: request.method.name,
        token: (request.header.get("authorization") ?? "").replace(/^Bearer /, ""),
        conflict: request.header.get("openshell-token-conflict"),
      };
      this.calls.push(call);
      this.authenticate(call);
      return next(request);
    };
    const routes = connectNodeAdapter({
      interceptors: [record],
      routes: (router) => void router.service(OpenShell, { ...usual, ...handlers }),
    });
    this.#server = createServer(routes);
    this.#server.on("session", (session) => {
      this.#sessions.add(session);
      session.on("close", () => this.#sessions.delete(session));
    });
  }

  static async start(handlers: Handlers = {}): Promise<TestGateway> {
    const gateway = new TestGateway(handlers);
    await new Promise<void>((resolve) => gateway.#server.listen(0, "127.0.0.1", resolve));
    return gateway;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  methods(): string[] {
    return this.calls.map(({ method }) => method);
  }

  count(method: string): number {
    return this.calls.filter((call) => call.method === method).length;
  }

  /** Breaks every connection. */
  breakConnections(): void {
    for (const session of this.#sessions) session.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.breakConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** A gateway on a good day. */
const usual: Handlers = {
  getSandboxConfig: () => ({
    policy: { version: 1 },
    version: 1,
    policyHash: "0123456789abcdef",
    configRevision: 7n,
    policySource: PolicySource.SANDBOX,
    workspace: "default",
  }),
  reportPolicyStatus: () => ({}),
  reportMainProcessExit: () => ({}),
  async pushSandboxLogs(batches) {
    for await (const _ of batches);
    return {};
  },
  async *connectSupervisor(messages, { signal }): AsyncGenerator<MessageInitShape<typeof GatewayMessageSchema>> {
    yield { payload: { case: "sessionAccepted", value: { sessionId: "s-1", heartbeatIntervalSecs: 15 } } };
    for await (const { payload } of messages) {
      if (signal.aborted) return;
      if (payload.case === "heartbeat") yield { payload: { case: "heartbeat", value: {} } };
    }
  },
};
