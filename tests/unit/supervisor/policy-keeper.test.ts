import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { SandboxPolicySchema } from "../../../gen/openshell/sandbox/v1/policy_pb.ts";
import { PolicyKeeper } from "../../../src/supervisor/policy-keeper.ts";

const accounts = { user: Number, group: Number };
const keeper = () =>
  new PolicyKeeper({ own: { uid: 0, gid: 0 }, configured: { uid: undefined, gid: undefined }, accounts });
const policy = (init: MessageInitShape<typeof SandboxPolicySchema>) => create(SandboxPolicySchema, init);
const { signal } = new AbortController();

test("a main process starts under a policy that is enforced, as whom the policy says", async () => {
  const kept = keeper();
  kept.consider(policy({ process: { runAsUser: "1500", runAsGroup: "1501" } }));
  expect(await kept.admit(signal)).toEqual({ uid: 1500, gid: 1501 });
});

test("P7: a main process does not start under a policy that is not enforced, and starts when another comes", async () => {
  const kept = keeper();
  expect(kept.consider(policy({ networkPolicies: { web: {} } }))).toContain("network_policies");
  let admitted = false;
  const admission = kept.admit(signal).then((identity) => {
    admitted = true;
    return identity;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(admitted).toBe(false);
  expect(kept.consider(policy({}))).toBeUndefined();
  expect(await admission).toEqual({ uid: 65534, gid: 65534 });
});

test("P7: a policy that would have another user is not enforced once the main process runs", async () => {
  const kept = keeper();
  kept.consider(policy({}));
  await kept.admit(signal);
  expect(kept.consider(policy({ process: { runAsUser: "1500" } }))).toContain("process.run_as_user");
});

test("P4: a policy that asks for root is not enforced", () => {
  expect(keeper().consider(policy({ process: { runAsUser: "0" } }))).toContain("process.run_as_user");
});

test("waiting ends when the work does", async () => {
  const ending = new AbortController();
  const admission = keeper().admit(ending.signal);
  ending.abort();
  expect(await admission).toBeUndefined();
});
