import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished, test } from "vitest";
import { newSandboxId } from "../../../src/core/ids.ts";
import { silentLog } from "../../../src/core/log.ts";
import { Refusal } from "../../../src/core/refusal.ts";
import { type Author, openStore, type PolicyText } from "../../../src/store/index.ts";

const author: Author = { source: "user", principal: "user:idp/ada", at: 1_000 };
const text = (version: number): PolicyText => ({ canonical: `{"version":${version}}`, hash: `${version}`.repeat(64) });
const newText = (version: number) => ({ kind: "policy", policy: text(version) }) as const;

async function opened() {
  const directory = mkdtempSync(join(tmpdir(), "openshell-policies-"));
  const path = join(directory, "gateway.db");
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const store = await openStore({ path, log: silentLog });
  onTestFinished(() => store[Symbol.asyncDispose]());
  await store.policies.load();
  /** What another program would see in the file. */
  const revisions = () => {
    const database = new DatabaseSync(path, { readOnly: true });
    const rows = database.prepare("select * from policy_revisions order by scope, version").all();
    database.close();
    return rows;
  };
  return { policies: store.policies, sandboxes: store.sandboxes, revisions };
}

test("a revision holds the policy, who brought it and when", async () => {
  const { policies, revisions } = await opened();
  const id = newSandboxId();
  await policies.insert(id, text(1), { source: "sandbox", principal: `sandbox:${id}`, at: 5 });
  expect(revisions()).toMatchObject([
    {
      ...{ scope: id, version: 1, policy: '{"version":1}', policy_hash: "1".repeat(64), status: "pending" },
      ...{ source: "sandbox", principal: `sandbox:${id}`, created_at: 5, loaded_at: null, load_error: null },
    },
  ]);
});

test("a loaded version supersedes those before it; a failed one keeps its error", async () => {
  const { policies, revisions } = await opened();
  const id = newSandboxId();
  await policies.insert(id, text(1), author);
  await policies.change(id, author, () => newText(2));
  const statuses = () => revisions().map((row) => row["status"]);
  expect(statuses()).toEqual(["superseded", "pending"]);
  await policies.report(id, { version: 2, status: "loaded", loadError: undefined, at: 7 });
  await policies.change(id, author, () => newText(3));
  await policies.report(id, { version: 3, status: "failed", loadError: "no such user", at: 8 });
  expect(statuses()).toEqual(["superseded", "loaded", "failed"]);
  expect(revisions()).toMatchObject([{}, { loaded_at: 7 }, { load_error: "no such user", loaded_at: null }]);
  await policies.report(id, { version: 3, status: "loaded", loadError: undefined, at: 9 });
  await policies.report(id, { version: 2, status: "loaded", loadError: undefined, at: 10 });
  expect(statuses()).toEqual(["superseded", "superseded", "loaded"]);
  expect(revisions()[2]).toMatchObject({ load_error: null });
});

test("old revisions are forgotten, but for the one that is loaded", async () => {
  const { policies, revisions } = await opened();
  const id = newSandboxId();
  await policies.insert(id, text(1), author);
  await policies.report(id, { version: 1, status: "loaded", loadError: undefined, at: 7 });
  for (let version = 2; version <= 60; version += 1) await policies.change(id, author, () => newText(version));
  const versions = revisions().map((row) => row["version"]);
  expect(versions).toEqual([1, ...Array.from({ length: 50 }, (_, index) => index + 11)]);
  expect(await policies.report(id, { version: 5, status: "loaded", loadError: undefined, at: 8 })).toBeUndefined();
});

test("what a decision throws comes through, and nothing is written", async () => {
  const { policies, revisions } = await opened();
  const id = newSandboxId();
  const before = await policies.insert(id, text(1), author);
  const refusal = new Refusal("version-conflict");
  const change = policies.change(id, author, () => {
    throw refusal;
  });
  await expect(change).rejects.toBe(refusal);
  expect(revisions().length).toBe(1);
  const unchanged = await policies.change(id, author, () => undefined);
  expect(unchanged).toEqual({ scope: before, changed: false, resourceVersion: undefined });
});

test("every change counts one revision, and each decision sees the one before", async () => {
  const { policies } = await opened();
  const seen: number[] = [];
  await Promise.all(
    Array.from({ length: 10 }, (_, index) =>
      policies.change("global", author, ({ own, global }) => {
        expect(own).toBe(global);
        seen.push(own.revision);
        return { kind: "setting", key: `k${index}`, value: "{}" };
      }),
    ),
  );
  expect(seen).toEqual(Array.from({ length: 10 }, (_, index) => index));
});

test("a deleted policy is none, and its number is not used again", async () => {
  const { policies } = await opened();
  await policies.change("global", author, () => newText(1));
  const deleted = await policies.change("global", author, () => ({ kind: "delete-policy" }));
  expect(deleted?.scope).toMatchObject({ policy: undefined, policyVersion: 1, revision: 2 });
  const again = await policies.change("global", author, () => newText(2));
  expect(again?.scope).toMatchObject({ policy: text(2), policyVersion: 2 });
});

test("a sandbox's configuration goes as a whole, and no other with it", async () => {
  const { policies, revisions } = await opened();
  const [a, b] = [newSandboxId(), newSandboxId()];
  for (const id of [a, b]) {
    await policies.insert(id, text(1), author);
    await policies.change(id, author, () => ({ kind: "setting", key: "k", value: "{}" }));
  }
  await policies.remove(a);
  await policies.remove(a);
  expect(await policies.change(a, author, () => newText(2))).toBeUndefined();
  expect(revisions()).toMatchObject([{ scope: b }]);
});

test("loading forgets what belongs to no sandbox, and keeps the rest", async () => {
  const { policies, sandboxes, revisions } = await opened();
  const [kept, orphan] = [newSandboxId(), newSandboxId()];
  for (const id of [kept, orphan]) await policies.insert(id, text(1), author);
  await policies.change("global", author, () => newText(1));
  await sandboxes.insert({
    ...{ id: kept, workspace: "default", name: "kept", spec: new Uint8Array(), labels: {}, annotations: {} },
    ...{ createdAt: 1, resourceVersion: 1, desired: "running" },
  });
  const scopes = await policies.load();
  expect(scopes.map(({ scope }) => scope).sort()).toEqual([kept, "global"].sort());
  expect(revisions().length).toBe(2);
});
