import { expect, test } from "vitest";
import { OpenShell } from "../../../gen/openshell/v1/openshell_pb.ts";
import { type BoundService, createGate } from "../../../src/access/index.ts";
import type { Arrival } from "../../../src/auth/index.ts";
import type { AuditEvent } from "../../../src/core/audit.ts";
import { anonymous, type Principal } from "../../../src/core/principal.ts";
import { accepted, refused, type Verdict } from "../../../src/core/refusal.ts";
import { sandboxPrincipal, userPrincipal } from "../../support/principals.ts";

const arrival: Arrival = {
  listener: "users",
  peer: "127.0.0.1",
  localAddress: "127.0.0.1",
  host: "127.0.0.1:17670",
  origin: undefined,
  encrypted: false,
};
const invoke = () => Promise.reject(new Error("the gate calls no handler"));
const services: BoundService[] = [
  {
    service: OpenShell,
    methods: [
      { kind: "unary", method: OpenShell.method.health, row: { mode: "unauthenticated" }, invoke },
      { kind: "unary", method: OpenShell.method.getCurrentUser, row: { mode: "bearer" }, invoke },
      {
        kind: "unary",
        method: OpenShell.method.createProvider,
        row: { mode: "bearer", scope: "provider:write", workspaceRole: "admin" },
        invoke,
      },
      {
        kind: "unary",
        method: OpenShell.method.getSandbox,
        row: { mode: "bearer", scope: "sandbox:read", workspaceRole: "user" },
        invoke,
      },
      { kind: "unary", method: OpenShell.method.refreshSandboxToken, row: { mode: "sandbox" }, invoke },
      {
        kind: "unary",
        method: OpenShell.method.getSandboxConfig,
        row: { mode: "dual", workspaceRole: "user" },
        invoke,
      },
    ],
  },
];

function gateFor(verdict: Verdict<Principal> | Error, { enforceScopes = false, waits = true } = {}) {
  const audited: AuditEvent[] = [];
  const gate = createGate({
    services,
    authenticate() {
      if (verdict instanceof Error && waits) return Promise.reject(verdict);
      if (verdict instanceof Error) throw verdict;
      return waits ? Promise.resolve(verdict) : verdict;
    },
    roles: { adminRole: "openshell-admin", userRole: "openshell-user", enforceScopes },
    audit: (event) => audited.push(event),
  });
  type Name =
    | "health"
    | "getCurrentUser"
    | "createProvider"
    | "getSandbox"
    | "refreshSandboxToken"
    | "getSandboxConfig";
  const callNow = (name: Name, over: Partial<Arrival> = {}, authorization: string[] = []) =>
    gate({ method: OpenShell.method[name], authorization, arrival: { ...arrival, ...over } });
  const call = async (...given: Parameters<typeof callNow>) => callNow(...given);
  return { gate, call, callNow, audited };
}

const user = accepted<Principal>(userPrincipal());
const sandbox = accepted<Principal>(sandboxPrincipal());
const nobody = accepted<Principal>(anonymous);

test("a method without authentication asks for none, even where a bad credential came", async () => {
  const { call } = gateFor(refused("token-expired"));
  expect(await call("health", {}, ["Bearer stale"])).toBe(anonymous);
});

test.each([
  ["nobody on a user method", nobody, "getCurrentUser", "credential-missing"],
  ["nobody on a sandbox method", nobody, "refreshSandboxToken", "credential-missing"],
  ["nobody on a dual method", nobody, "getSandboxConfig", "credential-missing"],
  ["a user on a sandbox method", user, "refreshSandboxToken", "sandbox-principal-required"],
  ["a sandbox on a user method", sandbox, "getSandbox", "user-principal-required"],
  ["a refused credential", refused("token-revoked"), "getSandboxConfig", "token-revoked"],
] as const)("%s is refused", async (_what, verdict, method, reason) => {
  for (const waits of [true, false]) {
    const { call, audited } = gateFor(verdict, { waits });
    await expect(call(method)).rejects.toMatchObject({ reason });
    expect(audited).toMatchObject([{ reason, method: expect.stringContaining("openshell.v1.OpenShell/") }]);
  }
});

test("two Authorization values are refused, whatever they hold (A-29)", async () => {
  const { call } = gateFor(sandbox);
  await expect(call("getSandboxConfig", {}, ["Bearer a.b.c", "Bearer a.b.c"])).rejects.toMatchObject({
    reason: "credential-ambiguous",
  });
});

test("a method without a row is refused before anybody asks who calls", async () => {
  const { gate } = gateFor(user);
  const head = { method: OpenShell.method.listProviders, authorization: [], arrival };
  expect(() => gate(head)).toThrow(expect.objectContaining({ reason: "not-built" }));
});

test("a user without the role is told which", async () => {
  const { call } = gateFor(accepted<Principal>(userPrincipal({ roles: ["openshell-user"] })));
  await expect(call("createProvider")).rejects.toMatchObject({
    reason: "role-missing",
    message: "role 'openshell-admin' required",
  });
  await expect(call("getSandbox")).resolves.toMatchObject({ kind: "user" });
});

test("a user without any role may not even read", async () => {
  const { call } = gateFor(accepted<Principal>(userPrincipal({ roles: [] })));
  await expect(call("getSandbox")).rejects.toMatchObject({ message: "role 'openshell-user' required" });
});

test("scopes bind even administrators, where they are enforced", async () => {
  const { call } = gateFor(accepted<Principal>(userPrincipal({ scopes: ["sandbox:read"] })), { enforceScopes: true });
  await expect(call("createProvider")).rejects.toMatchObject({
    reason: "scope-missing",
    message: "scope 'provider:write' required",
  });
  await expect(call("getSandbox")).resolves.toMatchObject({ kind: "user" });
});

test("a listener for sandboxes serves no user method, not even to a user", async () => {
  const { call } = gateFor(user);
  await expect(call("getSandbox", { listener: "sandboxes" })).rejects.toMatchObject({ reason: "listener-restricted" });
});

test("a sandbox is admitted to its own and to dual methods", async () => {
  const { call, audited } = gateFor(sandbox);
  await expect(call("refreshSandboxToken")).resolves.toMatchObject({ kind: "sandbox" });
  await expect(call("getSandboxConfig", { listener: "sandboxes" })).resolves.toMatchObject({ kind: "sandbox" });
  expect(audited).toEqual([]);
});

test("where nothing has to be waited for, the gate answers and refuses at once", () => {
  expect(gateFor(sandbox, { waits: false }).callNow("getSandboxConfig")).toMatchObject({ kind: "sandbox" });
  const { callNow, audited } = gateFor(refused("token-revoked"), { waits: false });
  expect(() => callNow("getSandboxConfig")).toThrow(expect.objectContaining({ reason: "token-revoked" }));
  expect(audited).toHaveLength(1);
});

test.each([true, false])("an authenticator that fails lets nobody in, and is audited (waits: %s)", async (waits) => {
  const { call, audited } = gateFor(new Error("a text that nobody may see"), { waits });
  await expect(call("getSandboxConfig")).rejects.toMatchObject({ reason: "internal", message: "internal error" });
  expect(audited).toMatchObject([{ event: "token.refused", principal: "anonymous", reason: "internal" }]);
});
