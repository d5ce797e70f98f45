/** What must not compile: each `@ts-expect-error` is an error of its own where the line below it would compile. */
import { openShellAuthorization } from "../../gen/openshell/v1/openshell_authz.ts";
import { OpenShell } from "../../gen/openshell/v1/openshell_pb.ts";
import { defineService, type HandlerOf, unimplemented } from "../../src/access/index.ts";
import type { SandboxId } from "../../src/core/ids.ts";
import type { ScopedSandbox } from "../../src/core/scoped-sandbox.ts";

type Method<K extends keyof typeof OpenShell.method> = HandlerOf<typeof OpenShell, typeof openShellAuthorization, K>;

// A handler reads what its mode gives.
export const dual: Method<"getSandboxConfig"> = (_request, call) => {
  const sandbox: ScopedSandbox = call.sandbox;
  return { workspace: sandbox.workspace, policyHash: call.principal.kind };
};
export const refresh: Method<"refreshSandboxToken"> = (_request, call) => ({
  token: call.principal.credential.tokenId,
});
export const create: Method<"createSandbox"> = (_request, call) => ({
  sandbox: { metadata: { name: call.principal.subject } },
});
export const optional: Method<"updateConfig"> = (_request, call) => ({ deleted: call.sandbox === undefined });

// A handler that reads a principal which its mode does not give.
// @ts-expect-error a sandbox has no subject
export const noUser: Method<"refreshSandboxToken"> = (_request, call) => ({ token: call.principal.subject });
// @ts-expect-error a user has no credential of a sandbox
export const noSandbox: Method<"createSandbox"> = (_request, call) => ({ x: call.principal.credential });
// @ts-expect-error on a dual method the principal must be told apart first
export const untold: Method<"getSandboxConfig"> = (_request, call) => ({ workspace: call.principal.sandboxId });
// @ts-expect-error nobody is known on a method without authentication
export const nobody: Method<"health"> = (_request, call) => ({ version: call.principal.subject });

// A handler that reads a scope which its row does not give.
// @ts-expect-error createSandbox names no sandbox
export const noScope: Method<"createSandbox"> = (_request, call) => ({ x: call.sandbox });
// @ts-expect-error where the name may be empty there may be no sandbox
export const maybe: Method<"updateConfig"> = (_request, call) => ({ policyHash: call.sandbox.id });

// A private query with a bare id, or with a scope made by hand.
declare const logsOf: (sandbox: ScopedSandbox) => string[];
declare const id: SandboxId;
// @ts-expect-error an id is not a scope
logsOf(id);
// @ts-expect-error a scope is not made by hand
logsOf({ id, name: "a", workspace: "default" });
// @ts-expect-error an id is parsed, not written
export const spelled: SandboxId = "7d9f7b7e-1111-4222-8333-444455556666";

// A forgotten row, a forgotten handler.
const all = Object.fromEntries(OpenShell.methods.map(({ localName }) => [localName, unimplemented])) as {
  readonly [K in keyof typeof OpenShell.method]: typeof unimplemented;
};
defineService(OpenShell, openShellAuthorization, all);
const { getSandboxConfig: _row, ...forgottenRow } = openShellAuthorization;
// @ts-expect-error a method without a row
defineService(OpenShell, forgottenRow, all);
const { getSandboxConfig: _handler, ...forgottenHandler } = all;
// @ts-expect-error a method without a handler
defineService(OpenShell, openShellAuthorization, forgottenHandler);
// @ts-expect-error a mode that does not exist
defineService(OpenShell, { ...openShellAuthorization, health: { mode: "open" } }, all);
