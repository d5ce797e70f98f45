import type { ComputeDriver } from "../../compute/index.ts";
import type { DeliverToken } from "../../tokens/index.ts";
import type { SandboxRegistry } from "./registry.ts";

/**
 * Delivers tokens through the driver, but never to a sandbox that is to have none: a refresh that was answered late would
 * otherwise make the directory of one that is gone anew.
 */
export function deliverToSandboxes(
  registry: Pick<SandboxRegistry, "mayHaveToken">,
  driver: Pick<ComputeDriver, "deliverToken">,
): DeliverToken {
  return async (id, token) => {
    if (registry.mayHaveToken(id)) await driver.deliverToken(id, token);
  };
}
