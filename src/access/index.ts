/** What a caller may do: the authorization rows, the gate before the body, the guard around every handler. */
export type { AuthMode, AuthorizationRow, FieldReference } from "./authorization.ts";
export type { Answer, BoundMethod, BoundService } from "./bound-service.ts";
export { createGate } from "./create-gate.ts";
export { defineService, type Guarding, type ServiceDefinition } from "./define-service.ts";
export type { KnownSandbox, SandboxDirectory } from "./directory.ts";
export type { Entry, Metadata } from "./entry.ts";
export type { Gate } from "./gate.ts";
export type { Lease } from "./lease.ts";
export { nameOf } from "./principal-name.ts";
export { isAdmin, type RolePolicy } from "./roles.ts";
export { defaultWorkspace, requireLabel } from "./sandbox-name.ts";
export type { HandlerOf, Handlers } from "./service-types.ts";
export { unimplemented } from "./unimplemented.ts";
