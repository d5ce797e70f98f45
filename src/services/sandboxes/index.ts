/**
 * Sandboxes: the registry that knows them all, the lifecycle that makes, stops, starts and deletes them, the keeper that looks
 * after those that lost their token, and the methods by which users reach all this.
 */
export type { Belongings } from "./belongings.ts";
export { createSandboxHandlers, type SandboxHandlers } from "./create-sandbox-handlers.ts";
export { deliverToSandboxes } from "./deliver-to-sandboxes.ts";
export { SandboxKeeper } from "./keeper.ts";
export type { SandboxEvent } from "./known-sandboxes.ts";
export { SandboxLifecycle } from "./lifecycle.ts";
export type { Owns } from "./ownership.ts";
export { type PolicyVersions, SandboxRegistry } from "./registry.ts";
export type { NewSandbox, SandboxRecord } from "./sandbox-record.ts";
export { requireWorkspace } from "./workspace.ts";
