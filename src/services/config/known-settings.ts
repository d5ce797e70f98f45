import { toJsonString } from "@bufbuild/protobuf";
import { type SettingValue, SettingValueSchema } from "../../../gen/openshell/sandbox/v1/config_pb.ts";
import { complaint, shapeOf } from "./complaint.ts";

type Kind = { readonly type: "bool" } | { readonly type: "string"; readonly oneOf: readonly string[] };

/** Every setting there is. A Map, so that `constructor` is no setting. */
const known: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  ["agent_policy_proposals_enabled", { type: "bool" }],
  ["ocsf_json_enabled", { type: "bool" }],
  ["proposal_approval_mode", { type: "string", oneOf: ["manual", "auto"] }],
  ["providers_v2_enabled", { type: "bool" }],
]);

/** @throws Refusal `request-invalid` where the key is not known, with those that are. */
export function requireKnownSetting(key: string): Kind {
  const kind = known.get(key);
  if (!kind) throw complaint("setting_key", `one of ${[...known.keys()].join(", ")}`, `another, of ${shapeOf(key)}`);
  return kind;
}

/** The stored form of a setting's value, once key, type and value fit together. */
export function readSetting(key: string, value: SettingValue | undefined): string {
  const kind = requireKnownSetting(key);
  const chosen = value?.value;
  if (!value || chosen?.case === undefined)
    throw complaint("setting_value", `a ${kind.type}_value for ${key}`, "nothing");
  if (chosen.case !== `${kind.type}Value`) {
    throw complaint("setting_value", `a ${kind.type}_value for ${key}`, `a ${chosen.case.replace("Value", "_value")}`);
  }
  if (kind.type === "string" && !kind.oneOf.some((allowed) => allowed === chosen.value)) {
    throw complaint("setting_value", `one of ${kind.oneOf.join(", ")}`, shapeOf(String(chosen.value)));
  }
  return toJsonString(SettingValueSchema, value);
}
