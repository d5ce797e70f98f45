import { expect, test } from "vitest";
import {
  GetSandboxConfigResponseSchema,
  PolicySource,
  SettingScope,
} from "../../../../gen/openshell/sandbox/v1/config_pb.ts";
import { encodedBytes } from "../../../../src/core/encoded-once.ts";
import { newSandboxId } from "../../../../src/core/ids.ts";
import { grantScope } from "../../../../src/core/scoped-sandbox.ts";
import { openConfiguration } from "./opened.ts";
import { policy } from "./policies.ts";

const settingOf = (value: boolean) => ({ value: { case: "boolValue", value } as const });
const narrow = policy({ networkPolicies: {} });

test("a sandbox that nobody configured has no policy, version 0, and a workspace all the same", async () => {
  const { sandbox, get } = await openConfiguration();
  const config = await get(await sandbox());
  expect(config).toMatchObject({
    ...{ version: 0, policyHash: "", settings: {}, policySource: PolicySource.SANDBOX, globalPolicyVersion: 0 },
    ...{ workspace: "default", policyValidationFailureMode: "fail_closed", extensionAuthenticationEnabled: false },
  });
  expect(config.policy).toBeUndefined();
});

test("the policy of its creation is a sandbox's version 1", async () => {
  const { sandbox, get } = await openConfiguration();
  const config = await get(await sandbox(policy()));
  expect(config.policy).toEqual(policy());
  expect([config.version, config.policySource]).toEqual([1, PolicySource.SANDBOX]);
  expect(config.policyHash).toMatch(/^[0-9a-f]{64}$/);
});

test("a policy that is no good makes no sandbox", async () => {
  const { sandbox, store } = await openConfiguration();
  await expect(sandbox(policy({ filesystem: { readOnly: ["etc"] } }))).rejects.toThrow(/^spec\.policy\.filesystem/);
  expect(await store.policies.load()).toMatchObject([{ scope: "global" }]);
});

test("a global policy stands for every sandbox, until it is deleted", async () => {
  const { sandbox, get, user } = await openConfiguration();
  const [a, b] = [await sandbox(policy(), "a"), await sandbox(undefined, "b")];
  const before = await get(a);
  await user(undefined, { policy: narrow });
  for (const each of [a, b]) {
    expect(await get(each)).toMatchObject({
      ...{ policy: narrow, version: 1, globalPolicyVersion: 1, policySource: PolicySource.GLOBAL },
    });
  }
  await user(undefined, { settingKey: "policy", deleteSetting: true });
  expect(await get(a)).toEqual(before);
  expect((await get(b)).version).toBe(0);
});

test("a global setting wins over the sandbox's, and says so", async () => {
  const { sandbox, get, user } = await openConfiguration();
  const a = await sandbox();
  await user(a, { settingKey: "ocsf_json_enabled", settingValue: settingOf(true) });
  await user(a, { settingKey: "providers_v2_enabled", settingValue: settingOf(true) });
  await user(undefined, { settingKey: "ocsf_json_enabled", settingValue: settingOf(false) });
  expect((await get(a)).settings).toMatchObject({
    ocsf_json_enabled: { value: { value: { case: "boolValue", value: false } }, scope: SettingScope.GLOBAL },
    providers_v2_enabled: { value: { value: { case: "boolValue", value: true } }, scope: SettingScope.SANDBOX },
  });
});

test("the answer is the same object until something changes, so that its encoded form can be kept", async () => {
  const { sandbox, configuration, user, report } = await openConfiguration();
  const [a, b] = [await sandbox(policy(), "a"), await sandbox(policy(), "b")];
  const first = configuration.effective(a);
  await user(b, { policy: narrow });
  await report(a, 1, 2);
  await user(a, { policy: policy() });
  expect(configuration.effective(a)).toBe(first);
  await user(undefined, { settingKey: "ocsf_json_enabled", settingValue: settingOf(true) });
  expect(configuration.effective(a)).not.toBe(first);
});

test("sandboxes for which the very same stands share their answer, and its encoded form, until one of them changes", async () => {
  const { sandbox, configuration, user } = await openConfiguration();
  const [a, b, c] = [await sandbox(policy(), "a"), await sandbox(policy(), "b"), await sandbox(narrow, "c")];
  const shared = configuration.effective(a);
  expect(configuration.effective(b)).toBe(shared);
  expect(configuration.effective(c)).not.toBe(shared);
  const bytes = encodedBytes(GetSandboxConfigResponseSchema, shared);
  expect(encodedBytes(GetSandboxConfigResponseSchema, configuration.effective(b))).toBe(bytes);

  await user(b, { policy: narrow });
  expect(configuration.effective(b)).toMatchObject({ version: 2, policyHash: configuration.effective(c).policyHash });
  expect(configuration.effective(c)).toMatchObject({ version: 1 });
  expect(configuration.effective(a)).toBe(shared);
});

test("the same configuration in another workspace is another answer", async () => {
  const { sandbox, configuration } = await openConfiguration();
  const a = await sandbox(policy(), "a");
  const elsewhere = grantScope({ id: (await sandbox(policy(), "b")).id, name: "b", workspace: "other" });
  expect(configuration.effective(a).workspace).toBe("default");
  expect(configuration.effective(elsewhere).workspace).toBe("other");
});

test("the configuration's revision changes with everything that a supervisor acts on, and with nothing else", async () => {
  const { sandbox, get, user, report } = await openConfiguration();
  const a = await sandbox(policy());
  const seen = new Set([(await get(a)).configRevision]);
  await report(a, 1, 2);
  expect(seen).toContain((await get(a)).configRevision);
  const changes = [
    () => user(a, { policy: narrow }),
    () => user(a, { policy: policy() }),
    () => user(a, { settingKey: "ocsf_json_enabled", settingValue: settingOf(true) }),
    () => user(undefined, { settingKey: "ocsf_json_enabled", settingValue: settingOf(true) }),
    () => user(undefined, { policy: policy() }),
  ];
  for (const change of changes) {
    await change();
    seen.add((await get(a)).configRevision);
  }
  expect(seen.size).toBe(changes.length + 1);
});

test("after a restart everything stands as it stood, revision and hash included", async () => {
  const before = await openConfiguration();
  const a = await before.sandbox(policy());
  await before.user(a, { policy: narrow });
  await before.user(a, {
    settingKey: "proposal_approval_mode",
    settingValue: { value: { case: "stringValue", value: "auto" } },
  });
  await before.user(undefined, { settingKey: "ocsf_json_enabled", settingValue: settingOf(true) });
  await before.report(a, 2, 2);
  const config = await before.get(a);
  const after = await before.restart();
  expect(await after.get(a)).toEqual(config);
  expect(after.configuration.loadedVersion(a.id)).toBe(2);
});

test("a sandbox that is gone has no configuration, and a gateway that starts forgets what it left", async () => {
  const before = await openConfiguration();
  const [a, b] = [await before.sandbox(policy(), "a"), await before.sandbox(policy(), "b")];
  await before.configuration.remove(a.id);
  await expect(before.get(a)).rejects.toMatchObject({ reason: "sandbox-missing" });
  await expect(before.user(a, { policy: narrow })).rejects.toMatchObject({ reason: "sandbox-missing" });
  await expect(before.get(grantScope({ ...b, id: newSandboxId() }))).rejects.toMatchObject({
    reason: "sandbox-missing",
  });
  await before.store.sandboxes.remove(b.id);
  const after = await before.restart();
  await expect(after.get(b)).rejects.toMatchObject({ reason: "sandbox-missing" });
});
