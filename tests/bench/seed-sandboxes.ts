import { create, toBinary } from "@bufbuild/protobuf";
import { SandboxPolicySchema } from "../../gen/openshell/sandbox/v1/policy_pb.ts";
import { SandboxSpecSchema } from "../../gen/openshell/v1/sandboxes_pb.ts";
import { newFamilyId, newSandboxId } from "../../src/core/ids.ts";
import { silentLog } from "../../src/core/log.ts";
import { canonicalText, policyTree } from "../../src/services/config/canonical-policy.ts";
import { type DatabaseLocation, openStore } from "../../src/store/index.ts";
import { authorityOf } from "../../src/tokens/claims.ts";
import type { Family } from "../../src/tokens/index.ts";
import { mint } from "../../src/tokens/mint.ts";
import { gatewayId, ringOf } from "./key-ring.ts";
import { policy } from "./policy.ts";
import type { Sandbox } from "./supervisor-sessions.ts";

/** Of a token, in milliseconds. */
const lifetimeMs = 3_600_000;
/** How many are written at once: a group's commit takes this many. */
const atOnce = 64;

/**
 * Stores sandboxes that run, as a gateway would: each with a policy, and a token that it has used. It
 * goes past the API, which would take minutes for as many as here.
 * @param signingKey of the tokens, in PEM
 */
export async function seedSandboxes(database: DatabaseLocation, signingKey: string, count: number): Promise<Sandbox[]> {
  await using store = await openStore({ database, log: silentLog });
  const { active } = ringOf(signingKey);
  const authority = authorityOf(gatewayId);
  const message = create(SandboxPolicySchema, policy);
  const spec = toBinary(SandboxSpecSchema, create(SandboxSpecSchema, { policy: message }));
  const text = canonicalText(policyTree(message));

  async function seed(at: number): Promise<Sandbox> {
    const id = newSandboxId();
    const createdAt = Date.now();
    await store.policies.insert(id, text, { source: "user", principal: "bench", at: createdAt });
    await store.sandboxes.insert({
      ...{ id, spec, workspace: "default", name: `sandbox-${at}`, labels: {}, annotations: {} },
      ...{ createdAt, resourceVersion: 1, desired: "running", replica: "bench", halted: false },
    });
    const issuedAt = Math.floor(createdAt / 1_000) * 1_000;
    const family: Family = {
      ...{ familyId: newFamilyId(), sandboxId: id, generation: 0, keyId: active.keyId, presented: true },
      ...{ issuedAt, expiresAt: issuedAt + lifetimeMs },
      ...{ rotatedAt: undefined, revokedAt: undefined, revokedFor: undefined },
    };
    await store.families.begin(family);
    return { id, token: (await mint(active, authority, family)).reveal() };
  }

  const sandboxes: Sandbox[] = [];
  let next = 0;
  async function work(): Promise<void> {
    for (let at = next++; at < count; at = next++) sandboxes[at] = await seed(at);
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, work));
  return sandboxes;
}
