import type { ComputeDriver } from "../../compute/index.ts";
import type { DeliverToken } from "../../tokens/index.ts";
import { type Owns, ownsEverything } from "./ownership.ts";
import type { SandboxRegistry } from "./registry.ts";

/**
 * Delivers tokens through the driver, but never to a sandbox that is to have none: a refresh that was answered late would
 * otherwise make the directory of one that is gone anew. Nor to one that another replica runs, which delivers it itself.
 */
export function deliverToSandboxes(
  registry: Pick<SandboxRegistry, "find" | "mayHaveToken">,
  driver: Pick<ComputeDriver, "deliverToken">,
  owns: Owns = ownsEverything,
): DeliverToken {
  return async (id, token) => {
    const sandbox = registry.find(id);
    if (sandbox && owns(sandbox) && registry.mayHaveToken(id)) await driver.deliverToken(id, token);
  };
}
