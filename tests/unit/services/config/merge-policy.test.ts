import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import type { NetworkEndpoint } from "../../../../gen/openshell/sandbox/v1/policy_pb.ts";
import { PolicyMergeOperationSchema } from "../../../../gen/openshell/v1/config_pb.ts";
import { Refusal } from "../../../../src/core/refusal.ts";
import { mergePolicy } from "../../../../src/services/config/merge-policy.ts";
import { policy } from "./policies.ts";

type Operation = NonNullable<MessageInitShape<typeof PolicyMergeOperationSchema>["operation"]>;

const merged = (...operations: Operation[]) =>
  mergePolicy(
    policy(),
    operations.map((operation) => create(PolicyMergeOperationSchema, { operation })),
  );
const rulesAfter = (...operations: Operation[]) => merged(...operations).networkPolicies;
const first = (...operations: Operation[]): NetworkEndpoint => rulesAfter(...operations)["github"]!.endpoints[0]!;
const at = { host: "api.github.com", port: 443 };
const deny = { method: "DELETE", path: "/repos/**" };

describe("add_rule", () => {
  const add = (ruleName: string, endpoints: object[], binaries: string[] = []): Operation => ({
    case: "addRule",
    value: { ruleName, rule: { endpoints, binaries: binaries.map((path) => ({ path })) } },
  });

  test("adds a rule that was not there", () => {
    const rules = rulesAfter(add("pypi", [{ host: "pypi.org", port: 443 }], ["/usr/bin/pip"]));
    expect(Object.keys(rules)).toEqual(["github", "pypi"]);
    expect(rules["pypi"]).toMatchObject({ name: "pypi", endpoints: [{ host: "pypi.org" }] });
  });

  test("adds endpoints and binaries to a rule that was there, each once", () => {
    const rules = rulesAfter(
      add("github", [{ ...at }, { host: "uploads.github.com", port: 443 }], ["/usr/bin/git", "/usr/bin/gh"]),
    );
    expect(rules["github"]?.endpoints.map(({ host }) => host)).toEqual(["api.github.com", "uploads.github.com"]);
    expect(rules["github"]?.binaries.map(({ path }) => path)).toEqual(["/usr/bin/git", "/usr/bin/curl", "/usr/bin/gh"]);
    expect(rules["github"]?.endpoints[0]?.access).toBe("read-only");
  });

  test("finds the same address in other letters and in the plural of port", () => {
    const endpoints = rulesAfter(add("github", [{ host: "API.GitHub.com", ports: [443], denyRules: [deny] }]))["github"]
      ?.endpoints;
    expect(endpoints).toMatchObject([{ host: "api.github.com", denyRules: [deny] }]);
  });

  test("refuses to widen quietly what an address already allows", () => {
    expect(() => merged(add("github", [{ ...at, access: "full" }]))).toThrow(
      /merge_operations\[0\]\.add_rule\.rule\.endpoints\[0\]\.access: expected what the policy has/,
    );
  });

  test("refuses rules beside an access preset for one address", () => {
    expect(() => merged(add("github", [{ ...at, rules: [{ allow: deny }] }]))).toThrow(/a preset or rules/);
  });

  test.each([
    ["no rule", { case: "addRule", value: { ruleName: "x" } } satisfies Operation],
    ["no endpoints", add("x", [])],
    ["no name", add("", [{ host: "h", port: 1 }])],
  ])("refuses %s", (_what, operation) => {
    expect(() => merged(operation)).toThrow(/merge_operations\[0\]\.add_rule/);
  });
});

describe("remove_endpoint", () => {
  const remove = (value: { ruleName?: string; host?: string; port?: number }): Operation => ({
    case: "removeEndpoint",
    value: { ...at, ...value },
  });

  test("takes an endpoint off, and its rule with the last one", () => {
    expect(rulesAfter(remove({}))).toEqual({});
  });

  test("takes one of several ports off", () => {
    const rule = { endpoints: [{ host: "many.example", ports: [80, 443] }] };
    const rules = rulesAfter(
      { case: "addRule", value: { ruleName: "many", rule } },
      remove({ host: "many.example", port: 80 }),
    );
    expect(rules["many"]?.endpoints[0]).toMatchObject({ port: 0, ports: [443] });
  });

  test("touches the named rule alone", () => {
    const rules = rulesAfter(
      { case: "addRule", value: { ruleName: "other", rule: { endpoints: [at] } } },
      remove({ ruleName: "other" }),
    );
    expect(Object.keys(rules)).toEqual(["github"]);
  });

  test.each([
    ["a port that is not there", remove({ port: 80 }), "not-found"],
    ["a host that is not there", remove({ host: "example.com" }), "not-found"],
    ["a rule that is not there", remove({ ruleName: "constructor" }), "not-found"],
    ["no host", remove({ host: "" }), "request-invalid"],
    ["no port", remove({ port: 0 }), "request-invalid"],
  ])("refuses %s", (_what, operation, reason) => {
    expect(() => merged(operation)).toThrow(expect.objectContaining({ reason }));
  });
});

describe("remove_rule and remove_binary", () => {
  test("take what is there", () => {
    expect(rulesAfter({ case: "removeRule", value: { ruleName: "github" } })).toEqual({});
    const rules = rulesAfter({ case: "removeBinary", value: { ruleName: "github", binaryPath: "/usr/bin/git" } });
    expect(rules["github"]?.binaries.map(({ path }) => path)).toEqual(["/usr/bin/curl"]);
  });

  test("a rule that lost its last binary goes, so that it never holds for every program", () => {
    const binaries = ["/usr/bin/git", "/usr/bin/curl"];
    const operations = binaries.map(
      (binaryPath): Operation => ({
        case: "removeBinary",
        value: { ruleName: "github", binaryPath },
      }),
    );
    expect(rulesAfter(...operations)).toEqual({});
  });

  test.each([
    ["a rule", { case: "removeRule", value: { ruleName: "toString" } }],
    ["a binary", { case: "removeBinary", value: { ruleName: "github", binaryPath: "/bin/sh" } }],
    ["a binary's rule", { case: "removeBinary", value: { ruleName: "x", binaryPath: "/usr/bin/git" } }],
  ] satisfies [string, Operation][])("refuse %s that is not there", (_what, operation) => {
    expect(() => merged(operation)).toThrow(expect.objectContaining({ reason: "not-found" }));
  });
});

describe("add_deny_rules and add_allow_rules", () => {
  test("deny rules are added once", () => {
    const add: Operation = { case: "addDenyRules", value: { ...at, denyRules: [deny, deny] } };
    expect(first(add, add).denyRules).toMatchObject([deny]);
  });

  test("allow rules are added to what an access preset stood for", () => {
    const endpoint = first({
      case: "addAllowRules",
      value: { ...at, rules: [{ allow: { method: "POST", path: "/x" } }] },
    });
    expect(endpoint.access).toBe("");
    expect(endpoint.rules.map(({ allow }) => `${allow?.method} ${allow?.path}`)).toEqual([
      "GET **",
      "HEAD **",
      "OPTIONS **",
      "POST /x",
    ]);
  });

  test.each([
    ["without rules", { case: "addDenyRules", value: { ...at } }, "request-invalid"],
    ["without allow rules", { case: "addAllowRules", value: { ...at } }, "request-invalid"],
    ["for another host", { case: "addDenyRules", value: { host: "x", port: 443, denyRules: [deny] } }, "not-found"],
    ["for no host", { case: "addAllowRules", value: { port: 443, rules: [{ allow: deny }] } }, "request-invalid"],
  ] satisfies [string, Operation, string][])("are refused %s", (_what, operation, reason) => {
    expect(() => merged(operation)).toThrow(expect.objectContaining({ reason }));
  });

  test("are refused where nothing would look into the requests", () => {
    const plain: Operation = {
      case: "addRule",
      value: { ruleName: "p", rule: { endpoints: [{ host: "p", port: 1 }] } },
    };
    const add: Operation = { case: "addDenyRules", value: { host: "p", port: 1, denyRules: [deny] } };
    expect(() => merged(plain, add)).toThrow(
      /merge_operations\[1\]\.add_deny_rules: expected an endpoint with a protocol/,
    );
  });

  test("are refused where a preset is not known", () => {
    const rule = { endpoints: [{ host: "q", port: 1, protocol: "sql", access: "read-only" }] };
    const plain: Operation = { case: "addRule", value: { ruleName: "q", rule } };
    const add: Operation = { case: "addAllowRules", value: { host: "q", port: 1, rules: [{ allow: deny }] } };
    expect(() => merged(plain, add)).toThrow(/got another preset/);
  });
});

test("an operation that this gateway does not know refuses them all, and the policy stays as it was", () => {
  const before = policy();
  const operations = [
    create(PolicyMergeOperationSchema, { operation: { case: "removeRule", value: { ruleName: "github" } } }),
    create(PolicyMergeOperationSchema),
  ];
  expect(() => mergePolicy(before, operations)).toThrow(Refusal);
  expect(before).toEqual(policy());
});
