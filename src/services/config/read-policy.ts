import type { JsonObject } from "@bufbuild/protobuf";
import type { FilesystemPolicy, SandboxPolicy } from "../../../gen/openshell/sandbox/v1/policy_pb.ts";
import type { PolicyText } from "../../store/index.ts";
import { canonicalText, policyTree } from "./canonical-policy.ts";
import { checkRule } from "./check-network.ts";
import { checkPath } from "./check-path.ts";
import { checkTree } from "./check-tree.ts";
import { complaint } from "./complaint.ts";

const mostRules = 500;
const mostPaths = 256;
/** A policy travels in each answer of GetSandboxConfig, which clients take up to 4 MiB of. */
const longestPolicy = 256 * 1024;

/**
 * Checks a policy's structure and gives its stored form. Whether its words (`access`, `enforcement`, ...) mean something
 * is for the supervisor to say, which reports it; here they only have to be text.
 * @param field How the request names the policy, for error texts.
 * @throws Refusal `request-invalid` with the field's path, what was expected and the shape of what came.
 */
export function readPolicy(policy: SandboxPolicy, field: string): PolicyText {
  const tree = readTree(policy, field);
  checkTree(tree, field);
  checkFilesystem(policy.filesystem, `${field}.filesystem`);
  checkProcess(policy, `${field}.process`);
  const rules = Object.entries(policy.networkPolicies);
  if (rules.length > mostRules) throw complaint(`${field}.network_policies`, `at most ${mostRules}`, `${rules.length}`);
  for (const [name, rule] of rules) checkRule(rule, `${field}.network_policies[${JSON.stringify(name)}]`);
  const text = canonicalText(tree);
  if (text.canonical.length > longestPolicy) {
    throw complaint(field, `at most ${longestPolicy} characters as JSON`, `${text.canonical.length}`);
  }
  return text;
}

function readTree(policy: SandboxPolicy, field: string): JsonObject {
  try {
    return policyTree(policy);
  } catch {
    throw complaint(field, "values that JSON can express", "a number or a string that it cannot");
  }
}

function checkFilesystem(filesystem: FilesystemPolicy | undefined, field: string): void {
  for (const [name, paths] of [
    ["read_only", filesystem?.readOnly ?? []],
    ["read_write", filesystem?.readWrite ?? []],
  ] as const) {
    if (paths.length > mostPaths) throw complaint(`${field}.${name}`, `at most ${mostPaths}`, `${paths.length}`);
    for (const [index, path] of paths.entries()) {
      checkPath(path, `${field}.${name}[${index}]`);
      if (name === "read_write" && /^\/[/.]*$/.test(path)) {
        throw complaint(`${field}.${name}[${index}]`, "a directory below the root", "the root");
      }
    }
  }
}

/** The sandboxed process runs as another user than its supervisor (requirement P4). */
function checkProcess({ process: identity }: SandboxPolicy, field: string): void {
  for (const [name, value] of [
    ["run_as_user", identity?.runAsUser ?? ""],
    ["run_as_group", identity?.runAsGroup ?? ""],
  ] as const) {
    if (value === "root" || /^0+$/.test(value)) throw complaint(`${field}.${name}`, "somebody other than root", "root");
  }
}
