/** What a caller may do: the authorization rows, the gate before the body, the guard around every handler. */
export type { AuthMode, AuthorizationRow, FieldPath, FieldReference, SandboxReference } from "./authorization.ts";
export type { Answer, BoundMethod, BoundService } from "./bound-service.ts";
export { createGate, type GateOptions } from "./create-gate.ts";
export { defineService, type Guarding, type ServiceDefinition } from "./define-service.ts";
export type { KnownSandbox, SandboxDirectory } from "./directory.ts";
export type { Entry, Metadata } from "./entry.ts";
export type { CallHead, Gate } from "./gate.ts";
export type { Lease, OpenLease } from "./lease.ts";
export { nameOf } from "./principal-name.ts";
export { isAdmin, type RolePolicy } from "./roles.ts";
export { defaultWorkspace, isLabel, requireLabel } from "./sandbox-name.ts";
export type { AuthorizationTable, Call, HandlerOf, Handlers } from "./service-types.ts";
export { unimplemented } from "./unimplemented.ts";
