import { describe, expect, test } from "vitest";
import { openConfiguration } from "./opened.ts";
import { policy } from "./policies.ts";

const narrow = policy({ networkPolicies: {} });
const wide = policy({ networkPolicies: { all: { endpoints: [{ host: "*", port: 443 }] } } });
const bool = { value: { case: "boolValue", value: true } as const };

describe("a sandbox may", () => {
  test("bring a policy where it has none, and another as long as no user decided", async () => {
    const { sandbox, sync, get, audited } = await openConfiguration();
    const a = await sandbox();
    expect((await sync(a, { policy: policy() })).version).toBe(1);
    expect((await sync(a, { policy: narrow })).version).toBe(2);
    expect((await get(a)).policy).toEqual(narrow);
    expect(audited.map(({ principal, reason }) => [principal, reason])).toEqual([
      [`sandbox:${a.id}`, "policy version 1 synced"],
      [`sandbox:${a.id}`, "policy version 2 synced"],
    ]);
  });

  test("repeat what stands, even where a user set it", async () => {
    const { sandbox, sync, audited } = await openConfiguration();
    const a = await sandbox(policy());
    expect(await sync(a, { policy: policy() })).toMatchObject({ version: 1, deleted: false });
    expect(audited).toEqual([]);
  });
});

describe("a sandbox may not widen what a user decided", () => {
  test("at its creation", async () => {
    const { sandbox, sync, get } = await openConfiguration();
    const a = await sandbox(narrow);
    await expect(sync(a, { policy: wide })).rejects.toMatchObject({
      ...{ reason: "sandbox-config-restricted", code: "permission_denied" },
    });
    expect((await get(a)).policy).toEqual(narrow);
  });

  test("after the sandbox had brought one", async () => {
    const { sandbox, sync, user } = await openConfiguration();
    const a = await sandbox();
    await sync(a, { policy: policy() });
    await user(a, { policy: narrow });
    await expect(sync(a, { policy: policy() })).rejects.toMatchObject({ reason: "sandbox-config-restricted" });
  });

  test("by setting what the sandbox had brought: it is the user's from then on", async () => {
    const { sandbox, sync, user, restart } = await openConfiguration();
    const a = await sandbox();
    await sync(a, { policy: policy() });
    expect((await user(a, { policy: policy() })).version).toBe(1);
    await expect(sync(a, { policy: wide })).rejects.toMatchObject({ reason: "sandbox-config-restricted" });
    const after = await restart();
    await expect(after.sync(a, { policy: wide })).rejects.toMatchObject({ reason: "sandbox-config-restricted" });
  });

  test("for all sandboxes", async () => {
    const { sandbox, sync, user, get } = await openConfiguration();
    const a = await sandbox();
    await user(undefined, { policy: narrow });
    await expect(sync(a, { policy: wide })).rejects.toMatchObject({ reason: "sandbox-config-restricted" });
    await user(undefined, { settingKey: "policy", deleteSetting: true });
    expect((await get(a)).version).toBe(0);
  });

  test("in a race with the user", async () => {
    const { sandbox, sync, user, get } = await openConfiguration();
    const a = await sandbox();
    await Promise.allSettled([
      user(a, { policy: narrow }),
      ...Array.from({ length: 10 }, () => sync(a, { policy: wide })),
    ]);
    expect((await get(a)).policy).toEqual(narrow);
  });
});

describe("a sandbox's UpdateConfig is refused that", () => {
  test.each([
    ["is global", { policy: narrow, global: true }, "sandbox callers cannot mutate global config"],
    ["deletes a setting", { settingKey: "x", deleteSetting: true }, "sandbox callers cannot delete settings"],
    ["deletes beside a policy", { policy: narrow, deleteSetting: true }, "sandbox callers cannot delete settings"],
    ["sets a setting", { settingKey: "ocsf_json_enabled", settingValue: bool }, /may only perform sandbox policy sync/],
    ["sets one beside a policy", { policy: narrow, settingKey: "ocsf_json_enabled" }, /may only perform/],
    ["has a value beside a policy", { policy: narrow, settingValue: bool }, /may only perform/],
    ["merges", { mergeOperations: [{}] }, /may only perform/],
    ["merges beside a policy", { policy: narrow, mergeOperations: [{}] }, /may only perform/],
    ["expects a version", { policy: narrow, expectedResourceVersion: 1n }, /may only perform/],
    ["asks for nothing", {}, /may only perform/],
  ])("%s", async (_what, update, says) => {
    const { sandbox, sync, get, audited } = await openConfiguration();
    const a = await sandbox();
    await expect(sync(a, update)).rejects.toMatchObject({
      code: "permission_denied",
      message: typeof says === "string" ? says : expect.stringMatching(says),
    });
    expect([(await get(a)).version, audited]).toEqual([0, []]);
  });

  test("brings a policy that is no good", async () => {
    const { sandbox, sync } = await openConfiguration();
    const a = await sandbox();
    const bad = policy({ filesystem: { readWrite: ["/tmp/../etc"] } });
    await expect(sync(a, { policy: bad })).rejects.toMatchObject({ reason: "request-invalid" });
  });
});
