/**
 * Sandboxes: the registry that knows them all, the lifecycle that makes, stops, starts and deletes them, the keeper that looks
 * after those that lost their token, and the methods by which users reach all this.
 */
export { createSandboxHandlers, type SandboxHandlers } from "./create-sandbox-handlers.ts";
export { deliverToSandboxes } from "./deliver-to-sandboxes.ts";
export { SandboxKeeper } from "./keeper.ts";
export { type Belongings, SandboxLifecycle } from "./lifecycle.ts";
export {
  type PolicyVersions,
  type SandboxEvent,
  SandboxRegistry,
} from "./registry.ts";
export type { NewSandbox, SandboxRecord } from "./sandbox-record.ts";
export { requireWorkspace } from "./workspace.ts";
