import { clone, create, type DescMessage, equals, type MessageShape } from "@bufbuild/protobuf";
import { L7DenyRuleSchema, type L7Rule, L7RuleSchema } from "../../../gen/openshell/sandbox/v1/inspection_pb.ts";
import {
  type NetworkEndpoint,
  type NetworkPolicyRule,
  NetworkPolicyRuleSchema,
  type SandboxPolicy,
  SandboxPolicySchema,
} from "../../../gen/openshell/sandbox/v1/policy_pb.ts";
import type { PolicyMergeOperation } from "../../../gen/openshell/v1/config_pb.ts";
import { Refusal } from "../../core/refusal.ts";
import { checkHost, checkPort } from "./check-network.ts";
import { complaint } from "./complaint.ts";
import { isHost, isSameAddress, mergeEndpoint, portsOf } from "./merge-endpoint.ts";

/** A policy's network rules while they are changed; a Map, because names such as `constructor` are rules like others. */
type Rules = Map<string, NetworkPolicyRule>;

/**
 * Applies the operations in their order and gives the new policy; the old one stays as it is. All of them or none:
 * whatever does not fit refuses the request.
 * @throws Refusal `request-invalid` for an operation that says too little or contradicts the policy, `not-found` where
 * the policy has not got what one would change.
 */
export function mergePolicy(policy: SandboxPolicy, operations: readonly PolicyMergeOperation[]): SandboxPolicy {
  const merged = clone(SandboxPolicySchema, policy);
  const rules: Rules = new Map(Object.entries(merged.networkPolicies));
  for (const [index, { operation }] of operations.entries()) apply(rules, operation, `merge_operations[${index}]`);
  merged.networkPolicies = Object.fromEntries(rules);
  return merged;
}

function apply(rules: Rules, operation: PolicyMergeOperation["operation"], at: string): void {
  switch (operation.case) {
    case "addRule":
      addRule(rules, operation.value.ruleName, operation.value.rule, `${at}.add_rule`);
      break;
    case "removeRule":
      removeRule(rules, operation.value.ruleName, `${at}.remove_rule`);
      break;
    case "removeEndpoint":
      removeEndpoint(rules, operation.value, `${at}.remove_endpoint`);
      break;
    case "removeBinary":
      removeBinary(rules, operation.value.ruleName, operation.value.binaryPath, `${at}.remove_binary`);
      break;
    case "addDenyRules":
      addDenyRules(rules, operation.value, `${at}.add_deny_rules`);
      break;
    case "addAllowRules":
      addAllowRules(rules, operation.value, `${at}.add_allow_rules`);
      break;
    case undefined:
      throw complaint(at, "an operation", "none, or one that this gateway does not know");
  }
}

function addRule(rules: Rules, ruleName: string, rule: NetworkPolicyRule | undefined, at: string): void {
  if (!rule || rule.endpoints.length === 0) throw complaint(`${at}.rule`, "a rule with at least one endpoint", "none");
  const name = ruleName || rule.name;
  if (name === "") throw complaint(`${at}.rule_name`, "a name", "nothing");
  const known = rules.get(name);
  const target = known ?? create(NetworkPolicyRuleSchema, { name: rule.name || name });
  for (const [index, endpoint] of rule.endpoints.entries()) {
    const place = target.endpoints.findIndex((own) => isSameAddress(own, endpoint));
    const same = target.endpoints[place];
    if (same) target.endpoints[place] = mergeEndpoint(same, endpoint, `${at}.rule.endpoints[${index}]`);
    else target.endpoints.push(endpoint);
  }
  for (const binary of rule.binaries) {
    if (!target.binaries.some(({ path }) => path === binary.path)) target.binaries.push(binary);
  }
  rules.set(name, target);
}

function removeRule(rules: Rules, name: string, at: string): void {
  if (!rules.delete(name)) throw missing(`${at}.rule_name`, "the policy has no such rule");
}

/** Takes the port off the endpoints with that host: in the rule that is named, or in all. A rule without endpoints goes. */
function removeEndpoint(rules: Rules, wanted: { ruleName: string; host: string; port: number }, at: string): void {
  checkHost(wanted.host, `${at}.host`);
  checkPort(wanted.port, `${at}.port`);
  if (wanted.ruleName !== "") requireRule(rules, wanted.ruleName, at);
  let found = false;
  for (const [name, rule] of rules) {
    if (wanted.ruleName !== "" && name !== wanted.ruleName) continue;
    for (const endpoint of rule.endpoints.filter((own) => isAt(own, wanted))) {
      found = true;
      endpoint.ports = portsOf(endpoint).filter((port) => port !== wanted.port);
      endpoint.port = 0;
    }
    rule.endpoints = rule.endpoints.filter(({ ports, port }) => ports.length > 0 || port !== 0);
    if (rule.endpoints.length === 0) rules.delete(name);
  }
  if (!found) throw missing(at, "the policy has no such endpoint");
}

/** A rule whose last binary is taken goes as a whole: without binaries it might be read as a rule for every program. */
function removeBinary(rules: Rules, ruleName: string, path: string, at: string): void {
  const rule = requireRule(rules, ruleName, at);
  const left = rule.binaries.filter((binary) => binary.path !== path);
  if (left.length === rule.binaries.length) throw missing(`${at}.binary_path`, "the rule has no such binary");
  rule.binaries = left;
  if (left.length === 0) rules.delete(ruleName);
}

interface Address {
  readonly host: string;
  readonly port: number;
}

function addDenyRules(rules: Rules, wanted: Address & { denyRules: NetworkEndpoint["denyRules"] }, at: string): void {
  if (wanted.denyRules.length === 0) throw complaint(`${at}.deny_rules`, "at least one rule", "none");
  for (const endpoint of inspectedEndpoints(rules, wanted, at)) {
    addMissing(L7DenyRuleSchema, endpoint.denyRules, wanted.denyRules);
  }
}

function addAllowRules(rules: Rules, wanted: Address & { rules: NetworkEndpoint["rules"] }, at: string): void {
  if (wanted.rules.length === 0) throw complaint(`${at}.rules`, "at least one rule", "none");
  for (const endpoint of inspectedEndpoints(rules, wanted, at)) {
    if (endpoint.access !== "") spellOutAccess(endpoint, at);
    addMissing(L7RuleSchema, endpoint.rules, wanted.rules);
  }
}

/** The endpoints at an address. Without a protocol nothing looks into what they carry, and a rule would be an empty promise. */
function inspectedEndpoints(rules: Rules, wanted: Address, at: string): NetworkEndpoint[] {
  checkHost(wanted.host, `${at}.host`);
  checkPort(wanted.port, `${at}.port`);
  const found = [...rules.values()].flatMap(({ endpoints }) => endpoints.filter((own) => isAt(own, wanted)));
  if (found.length === 0) throw missing(at, "the policy has no such endpoint");
  if (found.some(({ protocol }) => protocol === "")) {
    throw complaint(at, "an endpoint with a protocol, so that its requests are inspected", "one without");
  }
  return found;
}

const presets: Readonly<Record<string, readonly string[]>> = {
  "read-only": ["GET", "HEAD", "OPTIONS"],
  "read-write": ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH"],
  full: ["*"],
};

/** Replaces an access preset by the rules that it stands for, so that others can be added to them. */
function spellOutAccess(endpoint: NetworkEndpoint, at: string): void {
  const methods = endpoint.protocol === "rest" && Object.hasOwn(presets, endpoint.access) && presets[endpoint.access];
  if (!methods) {
    throw complaint(at, "an endpoint with rules, or protocol rest with a known access preset", "another preset");
  }
  endpoint.rules = methods.map((method): L7Rule => create(L7RuleSchema, { allow: { method, path: "**" } }));
  endpoint.access = "";
}

const isAt = (endpoint: NetworkEndpoint, { host, port }: Address): boolean =>
  isHost(endpoint, host) && portsOf(endpoint).includes(port);

function addMissing<D extends DescMessage>(
  schema: D,
  own: MessageShape<D>[],
  others: readonly MessageShape<D>[],
): void {
  for (const other of others) if (!own.some((rule) => equals(schema, rule, other))) own.push(other);
}

function requireRule(rules: Rules, name: string, at: string): NetworkPolicyRule {
  const rule = rules.get(name);
  if (!rule) throw missing(`${at}.rule_name`, "the policy has no such rule");
  return rule;
}

const missing = (at: string, what: string) => new Refusal("not-found", { says: `${at}: ${what}` });
