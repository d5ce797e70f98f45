import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { createClient, type Interceptor } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { OpenShell } from "../../gen/openshell/v1/openshell_pb.ts";
import type { SandboxSpecSchema } from "../../gen/openshell/v1/sandboxes_pb.ts";
import { type ComputeDriver, createProcessDriver, type DriverHost } from "../../src/compute/index.ts";
import { type Clock, systemClock } from "../../src/core/clock.ts";
import type { SandboxId } from "../../src/core/ids.ts";
import { type Gateway, type GatewaySettings, type GatewaySurroundings, startGateway } from "../../src/gateway.ts";
import { createLog, type LogLevel } from "../../src/telemetry/index.ts";
import {
  createKeyRing,
  createSigner,
  generateSigningKey,
  type KeyRing,
  readSigningKey,
} from "../../src/tokens/index.ts";
import { builtProgram, compileCache } from "./built-program.ts";
import { ScriptedDriver } from "./scripted-driver.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

export type Client = ReturnType<typeof createClient<typeof OpenShell>>;

export interface TestGatewayOptions {
  readonly settings?: Partial<GatewaySettings>;
  readonly clock?: Clock;
  readonly logLevel?: LogLevel;
  /** Real supervisors as child processes; without it, tokens are only recorded. */
  readonly realSupervisors?: boolean;
  /** Where its state is; a new directory where none is named. */
  readonly directory?: string;
  readonly signingKey?: ReturnType<typeof generateSigningKey>;
  /** The keys that sign and verify; a ring of `signingKey` alone where none is given. */
  readonly keys?: KeyRing;
  readonly tracing?: GatewaySurroundings["tracing"];
}

/** A whole gateway on a real socket. */
export interface TestGateway extends AsyncDisposable {
  readonly gateway: Gateway;
  /** The users' listener. */
  readonly url: string;
  /** The sandboxes' listener. */
  readonly sandboxesUrl: string;
  readonly directory: string;
  readonly signingKey: ReturnType<typeof generateSigningKey>;
  /** What takes the place of real supervisors. */
  readonly driver: ScriptedDriver;
  /** Everything that was logged, audit lines included. */
  readonly logged: string[];
  audited(): Record<string, string>[];
  /** A gRPC client as the holder of a token, or without a credential. */
  client(token?: string, url?: string): Client;
  /** Creates a sandbox through the API. */
  createSandbox(name?: string, spec?: MessageInitShape<typeof SandboxSpecSchema>): Promise<TestSandbox>;
}

export interface TestSandbox {
  readonly id: SandboxId;
  readonly name: string;
  /** The token that its supervisor would read now. */
  token(): Promise<string>;
}

const supervisorProgram = builtProgram("openshell-sandbox");

export async function startTestGateway(options: TestGatewayOptions = {}): Promise<TestGateway> {
  const { settings = {}, clock = systemClock, logLevel = "trace", realSupervisors = false } = options;
  const life = new AsyncDisposableStack();
  const directory = options.directory ?? life.use(await temporaryDirectory()).path;
  const signingKey = options.signingKey ?? generateSigningKey();
  const { keyId, privateKey, publicKey } = readSigningKey(signingKey);
  const ringOfOne = createKeyRing([{ keyId, state: "active", publicKey, signer: createSigner(privateKey, keyId) }]);
  const logged: string[] = [];
  const log = createLog({ level: logLevel, destination: { write: (line) => logged.push(line) } });
  const scripted = new ScriptedDriver();
  const tokenDirectory = join(directory, "sandboxes");
  const createDriver = (host: DriverHost): ComputeDriver =>
    realSupervisors
      ? createProcessDriver({
          ...{ stateDir: tokenDirectory, host, clock, log },
          supervisorCommand: [process.execPath, supervisorProgram],
          baseEnvironment: { PATH: process.env["PATH"], ...compileCache() },
        })
      : scripted;
  const gateway = life.use(
    await startGateway(
      {
        gatewayId: "openshell",
        replica: { name: "replica-a" },
        database: { kind: "sqlite", path: join(directory, "openshell.db") },
        listeners: [
          { kind: "users", host: "127.0.0.1", port: 0 },
          { kind: "sandboxes", host: "127.0.0.1", port: 0 },
        ],
        roles: { adminRole: "openshell-admin", userRole: "openshell-user", enforceScopes: false },
        developmentUser: { hosts: [] },
        tokens: {},
        reflection: false,
        ...settings,
      },
      {
        version: "0.0.0-test",
        keys: options.keys ?? ringOfOne,
        ...{ createDriver, clock, log },
        ...(options.tracing && { tracing: options.tracing }),
      },
    ),
  );
  const [url = "", sandboxesUrl = ""] = gateway.addresses.map((address) => address.url);
  const sessions = new Map<string, Http2SessionManager>();
  life.defer(() => {
    for (const session of sessions.values()) session.abort();
  });
  const client = (token?: string, baseUrl = url): Client => {
    const sessionManager = sessions.get(baseUrl) ?? new Http2SessionManager(baseUrl);
    sessions.set(baseUrl, sessionManager);
    return createClient(
      OpenShell,
      createGrpcTransport({ baseUrl, sessionManager, interceptors: token === undefined ? [] : [bearer(token)] }),
    );
  };
  return {
    ...{ gateway, url, sandboxesUrl, directory, signingKey, driver: scripted, logged, client },
    audited: () => logged.map((line) => JSON.parse(line)).filter(({ audit }) => audit === true),
    async createSandbox(name = "", spec = {}) {
      const { sandbox } = await client().createSandbox({ name, spec });
      const id = sandbox?.metadata?.id as SandboxId;
      const file = join(tokenDirectory, id, "auth", "sandbox.jwt");
      const token = async () =>
        realSupervisors ? (await readFile(file, "utf8")).trim() : (scripted.files.get(id)?.reveal() ?? "");
      return { id, name: sandbox?.metadata?.name ?? "", token };
    },
    [Symbol.asyncDispose]: () => life.disposeAsync(),
  };
}

function bearer(token: string): Interceptor {
  return (next) => (request) => {
    request.header.set("authorization", `Bearer ${token}`);
    return next(request);
  };
}
