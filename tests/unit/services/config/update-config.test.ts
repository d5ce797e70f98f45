import { create } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { PolicyMergeOperationSchema } from "../../../../gen/openshell/v1/config_pb.ts";
import { userPrincipal } from "../../../support/principals.ts";
import { openConfiguration } from "./opened.ts";
import { policy } from "./policies.ts";

const narrow = policy({ networkPolicies: {} });
const bool = (value: boolean) => ({ value: { case: "boolValue", value } as const });
const text = (value: string) => ({ value: { case: "stringValue", value } as const });
const removeGithub = [{ operation: { case: "removeRule", value: { ruleName: "github" } } as const }];
const ocsf = { settingKey: "ocsf_json_enabled", settingValue: bool(true) };

describe("a user's policy", () => {
  test("becomes the next version, and is audited", async () => {
    const { sandbox, user, get, audited } = await openConfiguration();
    const a = await sandbox(policy());
    const updated = await user(a, { policy: narrow });
    expect(updated).toMatchObject({ version: 2, policyHash: (await get(a)).policyHash, deleted: false });
    expect(audited).toEqual([
      {
        event: "config.updated",
        principal: "user:https://idp.example/ada",
        sandboxId: a.id,
        method: "openshell.v1.OpenShell/UpdateConfig",
        reason: "policy version 2",
      },
    ]);
  });

  test("that stands already makes no version", async () => {
    const { sandbox, user, audited } = await openConfiguration();
    const a = await sandbox(policy());
    expect((await user(a, { policy: policy() })).version).toBe(1);
    expect(audited).toEqual([]);
  });

  test("can be changed by operations, all of them or none", async () => {
    const { sandbox, user, get } = await openConfiguration();
    const a = await sandbox(policy());
    expect((await user(a, { mergeOperations: removeGithub })).version).toBe(2);
    expect((await get(a)).policy).toEqual(narrow);
    await expect(user(a, { mergeOperations: removeGithub })).rejects.toMatchObject({ reason: "not-found" });
    const add = { ruleName: "x", rule: { endpoints: [{ host: "h", port: 70_000 }] } };
    await expect(user(a, { mergeOperations: [{ operation: { case: "addRule", value: add } }] })).rejects.toThrow(
      /^the merged policy\.network_policies\["x"\]\.endpoints\[0\]\.port/,
    );
    expect((await get(a)).version).toBe(2);
  });

  test("cannot be changed by operations where there is none", async () => {
    const { sandbox, user } = await openConfiguration();
    const a = await sandbox();
    await expect(user(a, { mergeOperations: removeGithub })).rejects.toMatchObject({ reason: "state-conflict" });
    await expect(user(undefined, { mergeOperations: removeGithub })).rejects.toMatchObject({
      reason: "state-conflict",
    });
  });

  test("is refused while a global one hides it; a version is never used twice", async () => {
    const { sandbox, user } = await openConfiguration();
    const a = await sandbox(policy());
    expect((await user(undefined, { policy: narrow })).version).toBe(1);
    await expect(user(a, { policy: narrow })).rejects.toThrow(/a global policy is in force/);
    await expect(user(a, { mergeOperations: removeGithub })).rejects.toThrow(/a global policy is in force/);
    const gone = await user(undefined, { settingKey: "policy", deleteSetting: true });
    expect(gone).toMatchObject({ deleted: true, version: 0, policyHash: "" });
    expect((await user(undefined, { settingKey: "policy", deleteSetting: true })).deleted).toBe(false);
    expect((await user(a, { policy: narrow })).version).toBe(2);
    expect((await user(undefined, { policy: narrow })).version).toBe(2);
  });
});

describe("a user's setting", () => {
  test.each([
    ["ocsf_json_enabled", bool(true)],
    ["agent_policy_proposals_enabled", bool(false)],
    ["providers_v2_enabled", bool(true)],
    ["proposal_approval_mode", text("manual")],
    ["proposal_approval_mode", text("auto")],
  ])("%s is taken, and deleted again", async (settingKey, settingValue) => {
    const { sandbox, user, get } = await openConfiguration();
    const a = await sandbox();
    const { settingsRevision } = await user(a, { settingKey, settingValue });
    expect(settingsRevision).toBe(1n);
    expect((await user(a, { settingKey, settingValue })).settingsRevision).toBe(1n);
    expect((await get(a)).settings[settingKey]?.value).toMatchObject(settingValue);
    expect(await user(a, { settingKey, deleteSetting: true })).toMatchObject({ deleted: true, settingsRevision: 2n });
    expect(await user(a, { settingKey, deleteSetting: true })).toMatchObject({ deleted: false, settingsRevision: 2n });
    expect((await get(a)).settings).toEqual({});
  });

  test("is refused while a global one hides it", async () => {
    const { sandbox, user } = await openConfiguration();
    const a = await sandbox();
    await user(undefined, ocsf);
    await expect(user(a, ocsf)).rejects.toThrow(/ocsf_json_enabled is set globally/);
  });
});

describe("a user's request is refused that", () => {
  test.each([
    ["asks for nothing", {}, /one of policy, merge_operations, setting_key, got none of them/],
    ["asks for two things", { policy: narrow, mergeOperations: removeGithub }, /got policy and merge_operations/],
    ["asks for a policy and a setting", { policy: narrow, ...ocsf }, /got policy and setting_key/],
    ["sets a policy and deletes", { policy: narrow, deleteSetting: true }, /got policy and setting_key/],
    ["has a value without a key", { settingValue: bool(true) }, /^setting_key: expected a key, got nothing/],
    ["deletes without a key", { deleteSetting: true }, /^setting_key: .* beside delete_setting/],
    [
      "deletes with a value",
      { ...ocsf, deleteSetting: true },
      /^setting_value: expected nothing beside delete_setting/,
    ],
    [
      "has a key without a value",
      { settingKey: "ocsf_json_enabled" },
      /^setting_value: expected a bool_value .* nothing/,
    ],
    ["has an empty value", { settingKey: "ocsf_json_enabled", settingValue: {} }, /got nothing/],
    ["has a value of another type", { ...ocsf, settingValue: text("true") }, /expected a bool_value .* a string_value/],
    ["has a word that is none", { settingKey: "proposal_approval_mode", settingValue: text("always") }, /manual, auto/],
    ["has an unknown key", { ...ocsf, settingKey: "secret_key" }, /one of agent_policy_proposals_enabled, ocsf_json/],
    ["has a key of JavaScript's", { ...ocsf, settingKey: "constructor" }, /^setting_key: expected one of/],
    ["deletes an unknown key", { settingKey: "__proto__", deleteSetting: true }, /^setting_key: expected one of/],
    [
      "sets a policy as setting",
      { settingKey: "policy", settingValue: text("x") },
      /a policy goes into the field policy/,
    ],
    ["deletes a sandbox's policy", { settingKey: "policy", deleteSetting: true }, /replaced, not deleted/],
    ["names a sandbox beside global", { global: true, ...ocsf }, /^name: expected nothing beside global/],
    [
      "holds a bad policy",
      { policy: policy({ filesystem: { readOnly: ["x"] } }) },
      /^policy\.filesystem\.read_only\[0\]/,
    ],
    ["has too many operations", { mergeOperations: Array(101).fill(removeGithub[0]) }, /at most 100, got 101/],
  ])("%s", async (_what, update, says) => {
    const { sandbox, user, get, audited } = await openConfiguration();
    const a = await sandbox(policy());
    const before = await get(a);
    await expect(user(a, update)).rejects.toMatchObject({
      reason: "request-invalid",
      message: expect.stringMatching(says),
    });
    expect([await get(a), audited]).toEqual([before, []]);
  });

  test("names no sandbox and is not global", async () => {
    const { user } = await openConfiguration();
    await expect(user(undefined, { global: false, ...ocsf })).rejects.toThrow(/^name: expected the name of a sandbox/);
  });

  test("is global and not an administrator's", async () => {
    const { user } = await openConfiguration();
    const ordinary = userPrincipal({ roles: ["openshell-user"] });
    await expect(user(undefined, ocsf, ordinary)).rejects.toMatchObject({ reason: "role-missing" });
  });
});

describe("an expected resource version", () => {
  test("is the sandbox's: what changed since refuses the request, and every change counts", async () => {
    const { sandbox, user, store, configuration } = await openConfiguration();
    const seen: (number | undefined)[] = [];
    using _heard = configuration.onChange(({ resourceVersion }) => seen.push(resourceVersion));
    const a = await sandbox(policy());
    await user(a, { policy: narrow, expectedResourceVersion: 1n });
    await expect(user(a, { policy: policy(), expectedResourceVersion: 1n })).rejects.toMatchObject({
      ...{ reason: "version-conflict", code: "aborted" },
      message: "expected_resource_version: 1 was expected, 2 stands; read again and retry",
    });
    await user(a, { ...ocsf, expectedResourceVersion: 2n });
    expect((await store.sandboxes.load())[0]?.resourceVersion).toBe(3);
    expect(seen).toEqual([undefined, 2, 3]);
  });

  test("is the settings revision for what is global", async () => {
    const { user } = await openConfiguration();
    const { settingsRevision } = await user(undefined, ocsf);
    await user(undefined, { policy: narrow, expectedResourceVersion: settingsRevision });
    await expect(
      user(undefined, { policy: policy(), expectedResourceVersion: settingsRevision }),
    ).rejects.toMatchObject({ reason: "version-conflict" });
  });

  test("lets one of many that race through", async () => {
    const { sandbox, user, get } = await openConfiguration();
    const a = await sandbox(policy());
    const racers = Array.from({ length: 20 }, (_, index) =>
      user(a, {
        policy: policy({ filesystem: { readOnly: [`/racer/${index}`] } }),
        expectedResourceVersion: 1n,
      }),
    );
    const outcomes = await Promise.allSettled(racers);
    const won = outcomes.filter((outcome) => outcome.status === "fulfilled");
    expect(won.length).toBe(1);
    for (const outcome of outcomes) {
      if (outcome.status === "rejected") expect(outcome.reason).toMatchObject({ reason: "version-conflict" });
    }
    expect(await get(a)).toMatchObject({ version: 2, policyHash: won[0]?.value.policyHash });
  });
});

test("changes that race without an expected version are all made, one after the other", async () => {
  const { sandbox, user, get } = await openConfiguration();
  const a = await sandbox(policy());
  const add = (ruleName: string) =>
    create(PolicyMergeOperationSchema, {
      operation: { case: "addRule", value: { ruleName, rule: { endpoints: [{ host: ruleName, port: 1 }] } } },
    });
  const updated = await Promise.all(
    Array.from({ length: 20 }, (_, index) => user(a, { mergeOperations: [add(`rule-${index}`)] })),
  );
  expect(updated.map(({ version }) => version)).toEqual(Array.from({ length: 20 }, (_, index) => index + 2));
  const config = await get(a);
  expect([config.version, Object.keys(config.policy?.networkPolicies ?? {}).length]).toEqual([21, 21]);
});
