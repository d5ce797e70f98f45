import { once } from "node:events";
import { createServer, type Http2Server, type ServerHttp2Session } from "node:http2";
import type { AddressInfo } from "node:net";
import { clone, create } from "@bufbuild/protobuf";
import { Code, ConnectError, type ConnectRouter, type HandlerContext, type ServiceImpl } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { IdentityService } from "../../../gen/openshell/identity/v1/identity_pb.ts";
import { PolicySource } from "../../../gen/openshell/sandbox/v1/config_pb.ts";
import { OpenShell, ServiceStatus } from "../../../gen/openshell/v1/openshell_pb.ts";
import {
  type CreateSandboxRequest,
  type Sandbox,
  SandboxPhase,
  SandboxSchema,
} from "../../../gen/openshell/v1/sandboxes_pb.ts";

type Methods = Partial<ServiceImpl<typeof OpenShell>>;
type IdentityMethods = Partial<ServiceImpl<typeof IdentityService>>;

/** What a call came with. */
interface Seen {
  readonly method: string;
  readonly authorization: string | null;
  readonly message: unknown;
}

export interface SmallGateway extends AsyncDisposable {
  readonly endpoint: string;
  readonly sandboxes: Map<string, Sandbox>;
  readonly seen: Seen[];
}

interface Options {
  /** Replace methods, to show what the command line does with other answers. */
  readonly methods?: Methods;
  /** The identity service; without it this is a gateway as OpenShell's own are. */
  readonly identity?: IdentityMethods;
  readonly server?: Http2Server;
}

function make({ name, labels, workspace, spec }: CreateSandboxRequest, order: number): Sandbox {
  return create(SandboxSchema, {
    metadata: {
      id: crypto.randomUUID(),
      name: name || `sandbox-${order}`,
      createdAtMs: BigInt(Date.now()),
      labels,
      workspace,
      resourceVersion: 1n,
    },
    ...(spec ? { spec } : {}),
    status: { phase: SandboxPhase.PROVISIONING },
  });
}

/** The sandbox in its new phase, as an answer that stays as it is. */
function become(sandbox: Sandbox, phase: SandboxPhase) {
  sandbox.status!.phase = phase;
  return { sandbox: clone(SandboxSchema, sandbox) };
}

const missing = () => new ConnectError("sandbox not found", Code.NotFound);

function implement(sandboxes: Map<string, Sandbox>): Methods {
  const byName = (name: string): Sandbox => {
    const sandbox = sandboxes.get(name);
    if (!sandbox) throw missing();
    return sandbox;
  };
  const byId = (id: string): Sandbox => {
    const sandbox = [...sandboxes.values()].find(({ metadata }) => metadata?.id === id);
    if (!sandbox) throw missing();
    return sandbox;
  };
  const line = (sandboxId: string, message: string, order: number) => ({
    sandboxId,
    timestampMs: BigInt(Date.UTC(2026, 0, 1) + order),
    level: "INFO",
    target: "supervisor",
    source: "sandbox",
    message,
    fields: { order: String(order) },
  });
  return {
    health: () => ({ status: ServiceStatus.HEALTHY, version: "1.2.3" }),
    getGatewayInfo: () => ({
      status: ServiceStatus.HEALTHY,
      gatewayVersion: "1.2.3",
      computeDrivers: [{ name: "process", capabilities: { driverName: "process", driverVersion: "1" } }],
    }),
    getCurrentUser: () => ({
      subject: "unauthenticated-local-dev",
      displayName: "Local developer",
      roles: ["openshell-admin", "openshell-user"],
      scopes: ["openshell:all"],
      identityProvider: "local_dev",
    }),
    createSandbox(request) {
      if (sandboxes.has(request.name)) throw new ConnectError("sandbox exists", Code.AlreadyExists);
      const sandbox = make(request, sandboxes.size);
      sandboxes.set(sandbox.metadata!.name, sandbox);
      return { sandbox };
    },
    getSandbox: ({ name }) => ({ sandbox: byName(name) }),
    listSandboxes: ({ limit, offset }) => ({ sandboxes: [...sandboxes.values()].slice(offset, offset + limit) }),
    deleteSandbox: ({ name }) => ({ deleted: sandboxes.delete(name) }),
    stopSandbox: ({ name }) => become(byName(name), SandboxPhase.STOPPING),
    startSandbox: ({ name }) => become(byName(name), SandboxPhase.STARTING),
    updateConfig: () => ({ version: 1 }),
    getSandboxConfig: ({ sandboxId }) => ({
      policy: {
        version: 1,
        networkPolicies: { web: { name: "web", endpoints: [{ host: "example.com", port: 443 }] } },
      },
      version: 3,
      policyHash: `${byId(sandboxId) && "ab".repeat(32)}`,
      policySource: PolicySource.SANDBOX,
      configRevision: 7n,
      workspace: "default",
    }),
    getSandboxLogs: ({ sandboxId, lines }) => ({
      logs: ["first", "second", "third"]
        .map((text, order) => line(byId(sandboxId).metadata!.id, text, order))
        .slice(-lines),
      bufferTotal: 3,
    }),
    async *watchSandbox({ id, followStatus, followLogs }, { signal }: HandlerContext) {
      const sandbox = byId(id);
      if (followStatus) {
        yield { payload: { case: "sandbox", value: sandbox } };
        yield { payload: { case: "event", value: { reason: "Started", message: "supervisor started" } } };
        const stopping = sandbox.status!.phase === SandboxPhase.STOPPING;
        sandbox.status!.phase = stopping ? SandboxPhase.STOPPED : SandboxPhase.READY;
        yield { payload: { case: "sandbox", value: sandbox } };
      }
      if (followLogs) yield { payload: { case: "log", value: line(id, "followed", 1) } };
      if (!signal.aborted) await once(signal, "abort");
    },
  };
}

/** A gateway that keeps sandboxes in memory and makes them ready when they are watched: real gRPC on a real socket. */
export async function startSmallGateway({
  methods = {},
  identity,
  server = createServer(),
}: Options = {}): Promise<SmallGateway> {
  const sandboxes = new Map<string, Sandbox>();
  const seen: Seen[] = [];
  const sessions = new Set<ServerHttp2Session>();
  const ending = new AbortController();
  const routes = (router: ConnectRouter) => {
    router.service(OpenShell, { ...implement(sandboxes), ...methods });
    if (identity) router.service(IdentityService, identity);
  };
  const adapter = connectNodeAdapter({
    routes,
    shutdownSignal: ending.signal,
    interceptors: [
      (next) => (request) => {
        const { method, header } = request;
        seen.push({
          method: method.name,
          authorization: header.get("authorization"),
          message: request.stream ? undefined : request.message,
        });
        return next(request);
      },
    ],
  });
  server.on("request", adapter);
  server.on("session", (session) => {
    sessions.add(session);
    session.on("close", () => sessions.delete(session));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const scheme = "setSecureContext" in server ? "https" : "http";
  return {
    endpoint: `${scheme}://${scheme === "https" ? "localhost" : "127.0.0.1"}:${(server.address() as AddressInfo).port}`,
    sandboxes,
    seen,
    async [Symbol.asyncDispose]() {
      ending.abort();
      const closed = once(server, "close");
      server.close();
      for (const session of sessions) session.destroy();
      await closed;
    },
  };
}
