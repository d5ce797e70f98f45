import { identityServiceAuthorization } from "../../../gen/openshell/identity/v1/identity_authz.ts";
import { IdentityService } from "../../../gen/openshell/identity/v1/identity_pb.ts";
import { defineService, nameOf, type ServiceDefinition } from "../../access/index.ts";
import { parseFamilyId } from "../../core/ids.ts";
import { Refusal } from "../../core/refusal.ts";
import type { Tokens } from "../../tokens/index.ts";
import type { SandboxLifecycle, SandboxRegistry } from "../sandboxes/index.ts";
import { describeFamily } from "./family-message.ts";
import { listTokenFamilies } from "./list-token-families.ts";

export interface IdentityServiceOptions {
  readonly registry: Pick<SandboxRegistry, "find">;
  readonly lifecycle: Pick<SandboxLifecycle, "takeTokensBack">;
  readonly tokens: Pick<Tokens, "families" | "family" | "revokeFamily">;
}

/** `openshell.identity.v1.IdentityService`. No answer holds a token (requirement T7). */
export function identityService(options: IdentityServiceOptions): ServiceDefinition {
  const { lifecycle, tokens } = options;
  const describe = describeFamily(options.registry);
  return defineService(IdentityService, identityServiceAuthorization, {
    listTokenFamilies: listTokenFamilies(options),

    async revokeTokenFamily(request, { principal }) {
      const id = parseFamilyId(request.familyId);
      if (!id) throw new Refusal("request-invalid", { says: "family_id: expected a UUID in lower case" });
      const revoked = await tokens.revokeFamily(id, "operator", nameOf(principal));
      const family = revoked ? await tokens.family(id) : undefined;
      if (!family) throw new Refusal("not-found", { says: "token family not found" });
      return { family: describe(family) };
    },

    async revokeSandboxTokens({ withhold }, { sandbox, principal }) {
      const { families, renews } = await lifecycle.takeTokensBack(sandbox.id, { renew: !withhold }, principal);
      return { families: families.map(describe), renews };
    },
  });
}
