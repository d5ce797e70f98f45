import { Refusal } from "../../core/refusal.ts";
import type { PolicyText, ScopeChange, Standing } from "../../store/index.ts";
import { parseCanonical } from "./canonical-policy.ts";
import { mergePolicy } from "./merge-policy.ts";
import { readPolicy } from "./read-policy.ts";
import type { RequestedChange } from "./requested-change.ts";

/**
 * What a user's request changes where this stands; undefined where it is so already.
 * @throws Refusal `state-conflict` where what is global would hide the change, and what merging throws.
 */
export function decideChange(change: RequestedChange, standing: Standing): ScopeChange | undefined {
  const { own, global } = standing;
  switch (change.kind) {
    case "set-policy":
      requireNoGlobalPolicy(standing);
      return newPolicy(change.policy, standing);
    case "merge":
      requireNoGlobalPolicy(standing);
      if (!own.policy) throw conflict("there is no policy yet that could be changed; set a whole one first");
      return newPolicy(
        readPolicy(mergePolicy(parseCanonical(own.policy), change.operations), "the merged policy"),
        standing,
      );
    case "delete-policy":
      return own.policy && { kind: "delete-policy" };
    case "set-setting":
      if (own !== global && Object.hasOwn(global.settings, change.key)) {
        throw conflict(`${change.key} is set globally, which wins; delete the global setting first`);
      }
      return own.settings[change.key] === change.value
        ? undefined
        : { kind: "setting", key: change.key, value: change.value };
    case "delete-setting":
      return Object.hasOwn(own.settings, change.key)
        ? { kind: "setting", key: change.key, value: undefined }
        : undefined;
  }
}

/**
 * What a sandbox's policy sync changes. A sandbox brings the policy that its image holds, and may bring others as long as
 * no user has decided one: from then on it can only repeat what stands. Nothing that runs in a sandbox can widen what a
 * user allowed it.
 * @throws Refusal `sandbox-config-restricted`.
 */
export function decideSync(policy: PolicyText, { own, global }: Standing): ScopeChange | undefined {
  if (global.policy) throw restricted("a global policy is in force, sandbox callers cannot change it");
  if (own.policy?.hash === policy.hash) return undefined;
  if (own.owner === "user") throw restricted("a user has set the policy, sandbox callers cannot change it");
  return { kind: "policy", policy };
}

/** A sandbox's policy that a user sets again becomes the user's, and keeps its version. */
function newPolicy(policy: PolicyText, { own }: Standing): ScopeChange | undefined {
  if (own.policy?.hash !== policy.hash) return { kind: "policy", policy };
  return own.owner === "user" ? undefined : { kind: "adopt" };
}

function requireNoGlobalPolicy({ own, global }: Standing): void {
  if (own !== global && global.policy) {
    throw conflict("a global policy is in force, which wins; delete it first (openshell policy delete --global)");
  }
}

const conflict = (says: string) => new Refusal("state-conflict", { says });
const restricted = (says: string) => new Refusal("sandbox-config-restricted", { says });
