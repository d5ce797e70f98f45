import type { PolicyMergeOperation, UpdateConfigRequest } from "../../../gen/openshell/v1/config_pb.ts";
import { Refusal } from "../../core/refusal.ts";
import type { PolicyText } from "../../store/index.ts";
import { complaint } from "./complaint.ts";
import { readSetting, requireKnownSetting } from "./known-settings.ts";
import { readPolicy } from "./read-policy.ts";

/** The one thing that a user's UpdateConfig asks for. */
export type RequestedChange =
  | { readonly kind: "set-policy"; readonly policy: PolicyText }
  | { readonly kind: "merge"; readonly operations: readonly PolicyMergeOperation[] }
  | { readonly kind: "delete-policy" }
  | { readonly kind: "set-setting"; readonly key: string; readonly value: string }
  | { readonly kind: "delete-setting"; readonly key: string };

const mostOperations = 100;
/** The key by which the global policy is deleted, as if it were a setting. */
const policyKey = "policy";

/**
 * Finds out what a user's request asks for; it must be exactly one thing, so that half of a request is never done.
 * @throws Refusal `request-invalid` that names the fields that contradict each other, are missing or do not fit.
 */
export function readChange(request: UpdateConfigRequest): RequestedChange {
  const { policy, mergeOperations, settingKey, settingValue, deleteSetting } = request;
  const asked = [
    policy && "policy",
    mergeOperations.length > 0 && "merge_operations",
    (settingKey !== "" || settingValue || deleteSetting) && "setting_key",
  ].filter((field) => typeof field === "string");
  if (asked.length !== 1) {
    throw complaint(
      "the request",
      "one of policy, merge_operations, setting_key",
      asked.join(" and ") || "none of them",
    );
  }
  if (policy) return { kind: "set-policy", policy: readPolicy(policy, "policy") };
  if (mergeOperations.length === 0) return readSettingChange(request);
  if (mergeOperations.length > mostOperations) {
    throw complaint("merge_operations", `at most ${mostOperations}`, `${mergeOperations.length}`);
  }
  return { kind: "merge", operations: mergeOperations };
}

function readSettingChange({ settingKey, settingValue, deleteSetting, global }: UpdateConfigRequest): RequestedChange {
  if (settingKey === "") {
    throw complaint("setting_key", "a key", `nothing, beside ${deleteSetting ? "delete_setting" : "setting_value"}`);
  }
  if (deleteSetting && settingValue) {
    throw complaint("setting_value", "nothing beside delete_setting", "a value");
  }
  if (settingKey !== policyKey) {
    if (!deleteSetting) return { kind: "set-setting", key: settingKey, value: readSetting(settingKey, settingValue) };
    requireKnownSetting(settingKey);
    return { kind: "delete-setting", key: settingKey };
  }
  if (!deleteSetting) throw complaint("setting_key", "a setting (a policy goes into the field policy)", policyKey);
  if (!global)
    throw complaint("setting_key", "global beside it: a sandbox's policy is replaced, not deleted", policyKey);
  return { kind: "delete-policy" };
}

/**
 * The policy that a sandbox syncs; all else that UpdateConfig can do is for users.
 * @throws Refusal `sandbox-global-config` or `sandbox-config-restricted`, and what reading the policy throws.
 */
export function readSync(request: UpdateConfigRequest): PolicyText {
  const { policy, global, deleteSetting, settingKey, settingValue, mergeOperations, expectedResourceVersion } = request;
  if (global) throw new Refusal("sandbox-global-config");
  if (deleteSetting) {
    throw new Refusal("sandbox-config-restricted", { says: "sandbox callers cannot delete settings" });
  }
  const onlyPolicy =
    settingKey === "" && !settingValue && mergeOperations.length === 0 && expectedResourceVersion === 0n;
  if (!policy || !onlyPolicy) throw new Refusal("sandbox-config-restricted");
  return readPolicy(policy, "policy");
}
