import type { MessageInitShape } from "@bufbuild/protobuf";
import type { TokenFamilySchema } from "../../../gen/openshell/identity/v1/identity_pb.ts";
import type { Family } from "../../tokens/index.ts";
import type { SandboxRegistry } from "../sandboxes/index.ts";

export type FamilyMessage = MessageInitShape<typeof TokenFamilySchema>;

/** Describes families as administrators see them, with the names that their sandboxes have now. */
export function describeFamily(registry: Pick<SandboxRegistry, "find">): (family: Family) => FamilyMessage {
  return ({ familyId, sandboxId, generation, keyId, issuedAt, expiresAt, presented, revokedAt, revokedFor }) => {
    const sandbox = registry.find(sandboxId);
    return {
      ...{ familyId, sandboxId, keyId, presented },
      sandboxName: sandbox?.name ?? "",
      workspace: sandbox?.workspace ?? "",
      generation: BigInt(generation),
      issuedAtMs: BigInt(issuedAt),
      expiresAtMs: BigInt(expiresAt),
      revokedAtMs: BigInt(revokedAt ?? 0),
      revokedFor: revokedFor ?? "",
    };
  };
}
