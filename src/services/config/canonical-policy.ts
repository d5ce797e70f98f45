import { createHash } from "node:crypto";
import { fromJsonString, type JsonObject, type JsonValue, toJson } from "@bufbuild/protobuf";
import { type SandboxPolicy, SandboxPolicySchema } from "../../../gen/openshell/sandbox/v1/policy_pb.ts";
import type { PolicyText } from "../../store/index.ts";

/**
 * A policy as the JSON of its fields, as the proto spells them. Fields that this program does not know are left out.
 * Throws where a number has no JSON.
 */
export const policyTree = (policy: SandboxPolicy): JsonObject =>
  toJson(SandboxPolicySchema, policy, { useProtoFieldName: true }) as JsonObject;

/**
 * The one spelling of a policy, and its hash. protobuf's binary form leaves the order of a map's entries open; here the
 * keys of every object are sorted by code unit, so that the same policy has the same hash in every process, for ever.
 */
export function canonicalText(tree: JsonObject): PolicyText {
  const canonical = JSON.stringify(sorted(tree));
  return { canonical, hash: createHash("sha256").update(canonical).digest("hex") };
}

/** The policy that a canonical text spells; what a newer program has written and this one does not know is left out. */
export const parseCanonical = ({ canonical }: PolicyText): SandboxPolicy =>
  fromJsonString(SandboxPolicySchema, canonical, { ignoreUnknownFields: true });

function sorted(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, member]) => [key, sorted(member)]));
}
