import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { SandboxPolicySchema } from "../../../gen/openshell/sandbox/v1/policy_pb.ts";
import { defaultPolicy } from "../../../src/supervisor/default-policy.ts";
import { unenforcedParts } from "../../../src/supervisor/policy-verdict.ts";

const accounts = { user: (name: string) => ids[name], group: (name: string) => ids[name] };
const ids: Record<string, number> = { agent: 1500, "1500": 1500, root: 0 };
const identity = { uid: 1500, gid: 1500 };
const verdict = (policy: MessageInitShape<typeof SandboxPolicySchema>) =>
  unenforcedParts(create(SandboxPolicySchema, policy), identity, accounts);

test("the default policy asks for nothing that is not enforced", () => {
  expect(unenforcedParts(defaultPolicy(), identity, accounts)).toBeUndefined();
});

test.each([
  ["empty parts", { filesystem: {}, landlock: {}, process: {} }],
  ["the user and group that the main process has", { process: { runAsUser: "agent", runAsGroup: "1500" } }],
])("a policy with %s is enforced", (_name, policy) => {
  expect(verdict(policy)).toBeUndefined();
});

test.each([
  ["network rules", { networkPolicies: { web: {}, git: {} } }, "network_policies (2)"],
  ["middlewares", { networkMiddlewares: { scan: {} } }, "network_middlewares (1)"],
  ["the working directory", { filesystem: { includeWorkdir: true } }, "filesystem"],
  ["read-only paths", { filesystem: { readOnly: ["/etc"] } }, "filesystem"],
  ["writable paths", { filesystem: { readWrite: ["/tmp"] } }, "filesystem"],
  ["Landlock", { landlock: { compatibility: "best_effort" } }, "landlock"],
  ["another user", { process: { runAsUser: "root" } }, "process.run_as_user (the main process runs as uid 1500)"],
  ["a user that is not there", { process: { runAsUser: "who" } }, "process.run_as_user"],
  ["another group", { process: { runAsGroup: "root" } }, "process.run_as_group (the main process runs as gid 1500)"],
])("P7: a policy that asks for %s is not, and the verdict names it", (_name, policy, part) => {
  expect(verdict(policy)).toContain(`this supervisor does not enforce: ${part}`);
});

test("P7: every part that is not enforced is named", () => {
  const said = verdict({
    networkPolicies: { web: {} },
    filesystem: { readOnly: ["/"] },
    landlock: { compatibility: "x" },
  });
  expect(said).toBe("this supervisor does not enforce: network_policies (1), filesystem, landlock");
});
