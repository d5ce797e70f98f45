import type { identityServiceAuthorization } from "../../../gen/openshell/identity/v1/identity_authz.ts";
import type { IdentityService } from "../../../gen/openshell/identity/v1/identity_pb.ts";
import type { HandlerOf } from "../../access/index.ts";
import type { Family, Tokens } from "../../tokens/index.ts";
import { requireWorkspace, type SandboxRecord, type SandboxRegistry } from "../sandboxes/index.ts";
import { describeFamily } from "./family-message.ts";

const defaultLimit = 100;
const largestLimit = 1000;

interface Placed {
  readonly family: Family;
  /** Undefined where the sandbox is gone. */
  readonly sandbox: SandboxRecord | undefined;
}

/** Lists families from the store, so that every replica gives the same list. */
export function listTokenFamilies(deps: {
  readonly registry: Pick<SandboxRegistry, "find">;
  readonly tokens: Pick<Tokens, "families">;
}): HandlerOf<typeof IdentityService, typeof identityServiceAuthorization, "listTokenFamilies"> {
  const describe = describeFamily(deps.registry);
  return async ({ workspace, allWorkspaces, limit, offset }, { sandbox: named }) => {
    const place = named || allWorkspaces ? undefined : requireWorkspace(workspace);
    const families = await deps.tokens.families();
    const found = families
      .filter(({ sandboxId }) => named === undefined || named.id === sandboxId)
      .map((family): Placed => ({ family, sandbox: deps.registry.find(family.sandboxId) }))
      .filter(({ sandbox }) => place === undefined || sandbox?.workspace === place)
      .sort(inOrder);
    const page = found.slice(offset, offset + Math.min(limit || defaultLimit, largestLimit));
    return { families: page.map(({ family }) => describe(family)) };
  };
}

/** By workspace and name, those of sandboxes that are gone first; then the live one, then by age, the newest first. */
function inOrder(a: Placed, b: Placed): number {
  return (
    compare(a.sandbox?.workspace, b.sandbox?.workspace) ||
    compare(a.sandbox?.name, b.sandbox?.name) ||
    compare(a.family.sandboxId, b.family.sandboxId) ||
    Number(a.family.revokedAt !== undefined) - Number(b.family.revokedAt !== undefined) ||
    b.family.issuedAt - a.family.issuedAt ||
    compare(a.family.familyId, b.family.familyId)
  );
}

const compare = (a = "", b = ""): number => (a === b ? 0 : a < b ? -1 : 1);
