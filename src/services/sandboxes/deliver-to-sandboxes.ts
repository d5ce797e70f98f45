import type { ComputeDriver } from "../../compute/index.ts";
import type { DeliverToken } from "../../tokens/index.ts";
import type { SandboxRegistry } from "./registry.ts";

/**
 * Delivers tokens through the driver, but never to a sandbox that is gone or going: a refresh that was answered late
 * would otherwise make its directory anew after it was removed.
 */
export function deliverToSandboxes(
  registry: Pick<SandboxRegistry, "byId">,
  driver: Pick<ComputeDriver, "deliverToken">,
): DeliverToken {
  return async (id, token) => {
    if (registry.byId(id)) await driver.deliverToken(id, token);
  };
}
