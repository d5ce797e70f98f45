import { connect as connectSocket, type Socket } from "node:net";
import { openShellAuthorization } from "../../../gen/openshell/v1/openshell_authz.ts";
import { OpenShell } from "../../../gen/openshell/v1/openshell_pb.ts";
import { createGate, defineService, type Handlers, type Lease, unimplemented } from "../../../src/access/index.ts";
import type { Arrival } from "../../../src/auth/index.ts";
import type { AuditEvent } from "../../../src/core/audit.ts";
import { systemClock } from "../../../src/core/clock.ts";
import { parseSandboxId } from "../../../src/core/ids.ts";
import { type Log, silentLog } from "../../../src/core/log.ts";
import { anonymous, type Principal } from "../../../src/core/principal.ts";
import { accepted, type Reason, refused } from "../../../src/core/refusal.ts";
import {
  type CallRecord,
  createFrontDoor,
  type FrontDoor,
  type FrontDoorOptions,
  type Limits,
  type ListenerAddress,
  type ListenerOptions,
} from "../../../src/http/index.ts";
import { sandboxPrincipal, userPrincipal } from "../../support/principals.ts";

type OpenShellHandlers = Handlers<typeof OpenShell, typeof openShellAuthorization>;

export const sandboxId = "7d9f7b7e-1111-4222-8333-444455556666";
export const sandboxName = "alpha";
const known = { id: parseSandboxId(sandboxId)!, name: sandboxName, workspace: "default" };

/** Bearer credentials that the fixture knows, and what they prove. */
const credentials: Readonly<Record<string, Principal | Reason>> = {
  user: userPrincipal(),
  reader: userPrincipal({ roles: ["openshell-user"], scopes: [] }),
  stranger: userPrincipal({ roles: [], scopes: [] }),
  sandbox: sandboxPrincipal(known.id),
  "other-sandbox": sandboxPrincipal(parseSandboxId("6e1a9e0c-2222-4333-9444-555566667777")!),
  expired: "token-expired",
  blind: "revocations-unknown",
};

const nothingBuilt = Object.fromEntries(
  OpenShell.methods.map((method) => [method.localName, unimplemented]),
) as unknown as OpenShellHandlers;

/** Handlers that answer at once; a test replaces what it looks at. */
const plainHandlers: Partial<OpenShellHandlers> = {
  health: () => ({ status: 1, version: "test" }),
  getSandboxConfig: (_request, call) => ({ workspace: call.sandbox.workspace, version: 7 }),
};

export interface FixtureOptions extends Partial<Omit<FrontDoorOptions, "limits" | "listeners">> {
  readonly handlers?: Partial<OpenShellHandlers>;
  readonly limits?: Partial<Limits>;
  readonly listeners?: readonly Partial<ListenerOptions>[];
  readonly lease?: Lease;
}

export interface Fixture extends AsyncDisposable {
  readonly door: FrontDoor;
  readonly address: ListenerAddress;
  readonly url: string;
  /** What the gate was told of each call, in order. */
  readonly arrivals: Arrival[];
  readonly records: CallRecord[];
  /** What the gate and the guard told the audit log. */
  readonly audited: AuditEvent[];
  /** Every line that was logged, as text. */
  readonly lines: string[];
  /** A socket to the first listener. */
  socket(): Promise<Socket>;
}

/** A front door on a real port with the real guard and gate behind it; only the credentials are the fixture's own. */
export async function startFrontDoor(options: FixtureOptions = {}): Promise<Fixture> {
  const { handlers = {}, limits = {}, listeners = [{}], lease, clock = systemClock, ...over } = options;
  const arrivals: Arrival[] = [];
  const records: CallRecord[] = [];
  const audited: AuditEvent[] = [];
  const audit = (event: AuditEvent) => void audited.push(event);
  const lines: string[] = [];
  const roles = { adminRole: "openshell-admin", userRole: "openshell-user", enforceScopes: false };
  const bound = defineService(OpenShell, openShellAuthorization, {
    ...nothingBuilt,
    ...plainHandlers,
    ...handlers,
  }).bind({
    directory: {
      byId: (id) => (id === known.id ? known : undefined),
      byName: (_workspace, name) => (name === known.name ? known : undefined),
    },
    audit,
    roles,
    openLease: () => lease,
    clock,
    firstFrameMs: 10_000,
  });
  const gate = createGate({
    services: [bound],
    roles,
    audit,
    authenticate: async ({ bearer, arrival }) => {
      arrivals.push(arrival);
      if (bearer === undefined) return accepted(anonymous);
      const found = credentials[bearer] ?? "credential-unrecognised";
      return typeof found === "string" ? refused(found) : accepted(found);
    },
  });
  const door = await createFrontDoor({
    listeners: listeners.map((listener) => ({ kind: "users", host: "127.0.0.1", port: 0, ...listener })),
    services: [bound],
    gate,
    limits,
    readiness: async () => ({ ready: true, checks: { database: "ok" } }),
    metricsText: async () => "up 1\n",
    issuer: "openshell-gateway:test",
    version: "1.2.3",
    log: recordingLog(lines),
    clock,
    onCall: (record) => records.push(record),
    ...over,
  });
  const [address] = door.addresses;
  if (!address) throw new Error("no listener");
  return {
    door,
    address,
    url: address.url,
    arrivals,
    records,
    audited,
    lines,
    socket: () => openSocket(address.port),
    [Symbol.asyncDispose]: () => door[Symbol.asyncDispose](),
  };
}

function recordingLog(lines: string[]): Log {
  const add = (level: string) => (fields: object, message: string) =>
    void lines.push(`${level} ${message} ${JSON.stringify(fields)}`);
  return { ...silentLog, info: add("info"), warn: add("warn"), error: add("error"), child: () => recordingLog(lines) };
}

export function openSocket(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connectSocket({ port, host: "127.0.0.1", noDelay: true }, () => resolve(socket));
    socket.once("error", reject);
  });
}

/** All that a socket receives until the peer ends it. */
export async function received(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on("data", (chunk) => chunks.push(chunk));
  await new Promise<void>((resolve) => {
    socket.once("close", () => resolve());
    socket.once("end", () => socket.end());
    socket.on("error", () => resolve());
  });
  return Buffer.concat(chunks).toString("latin1");
}
