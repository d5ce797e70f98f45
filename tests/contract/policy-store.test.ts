import { expect, onTestFinished, test } from "vitest";
import { newSandboxId } from "../../src/core/ids.ts";
import { Refusal } from "../../src/core/refusal.ts";
import type { Author, PolicyText } from "../../src/store/index.ts";
import { onEachDatabase } from "../support/temporary-store.ts";
import { newSandbox } from "./sandboxes.ts";

const author: Author = { source: "user", principal: "user:idp/ada", at: 1_000 };
const text = (version: number): PolicyText => ({ canonical: `{"version":${version}}`, hash: `${version}`.repeat(64) });
const newText = (version: number) => ({ kind: "policy", policy: text(version) }) as const;

onEachDatabase("policies", (open, kind) => {
  async function opened() {
    const made = await open();
    onTestFinished(() => made[Symbol.asyncDispose]());
    const { policies, sandboxes } = made.store;
    await policies.load();
    const revisions = () => made.query("select * from policy_revisions order by scope, version");
    return { policies, sandboxes, revisions, query: (text: string) => made.query(text) };
  }

  test("a revision holds the policy, who brought it and when", async () => {
    const { policies, revisions } = await opened();
    const id = newSandboxId();
    await policies.insert(id, text(1), { source: "sandbox", principal: `sandbox:${id}`, at: 5 });
    expect(await revisions()).toMatchObject([
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
    const statuses = async () => (await revisions()).map((row) => row["status"]);
    expect(await statuses()).toEqual(["superseded", "pending"]);
    await policies.report(id, { version: 2, status: "loaded", loadError: undefined, at: 7 });
    await policies.change(id, author, () => newText(3));
    await policies.report(id, { version: 3, status: "failed", loadError: "no such user", at: 8 });
    expect(await statuses()).toEqual(["superseded", "loaded", "failed"]);
    expect(await revisions()).toMatchObject([{}, { loaded_at: 7 }, { load_error: "no such user", loaded_at: null }]);
    await policies.report(id, { version: 3, status: "loaded", loadError: undefined, at: 9 });
    await policies.report(id, { version: 2, status: "loaded", loadError: undefined, at: 10 });
    expect(await statuses()).toEqual(["superseded", "superseded", "loaded"]);
    expect((await revisions())[2]).toMatchObject({ load_error: null });
  });

  test("old revisions are forgotten, but for the one that is loaded", async () => {
    const { policies, revisions } = await opened();
    const id = newSandboxId();
    await policies.insert(id, text(1), author);
    await policies.report(id, { version: 1, status: "loaded", loadError: undefined, at: 7 });
    for (let version = 2; version <= 60; version += 1) await policies.change(id, author, () => newText(version));
    const versions = (await revisions()).map((row) => row["version"]);
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
    expect((await revisions()).length).toBe(1);
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
    expect(await revisions()).toMatchObject([{ scope: b }]);
  });

  test("loading forgets what belongs to no sandbox, and keeps the rest", async () => {
    const { policies, sandboxes, revisions, query } = await opened();
    const [kept, orphan] = [newSandboxId(), newSandboxId()];
    for (const id of [kept, orphan]) await policies.insert(id, text(1), author);
    await policies.change("global", author, () => newText(1));
    await sandboxes.insert(newSandbox({ id: kept }));
    // Where other gateways may be making sandboxes, what was touched lately may be one of theirs.
    if (kind === "Postgres") {
      expect((await policies.load()).map(({ scope }) => scope)).toContain(orphan);
      await query("delete from changes");
    }
    const scopes = await policies.load();
    expect(scopes.map(({ scope }) => scope).sort()).toEqual([kept, "global"].sort());
    expect((await revisions()).length).toBe(2);
  });

  test("what a sandbox reports is stored whatever bytes it sends", async () => {
    const { policies, revisions } = await opened();
    const id = newSandboxId();
    await policies.insert(id, text(1), author);
    await policies.report(id, { version: 1, status: "failed", loadError: "no\0such user", at: 8 });
    expect((await revisions())[0]?.["load_error"]).toMatch(/^no.*such user$/);
  });

  test("the scopes that are asked for are found, each with its own settings, and unknown ones are passed over", async () => {
    const { policies } = await opened();
    const [a, b] = [newSandboxId(), newSandboxId()];
    for (const id of [a, b]) {
      await policies.insert(id, text(1), author);
      await policies.change(id, author, () => ({ kind: "setting", key: id, value: "{}" }));
    }
    const found = await policies.findMany([a, "global", newSandboxId()]);
    expect(found.map(({ scope }) => scope).sort()).toEqual([a, "global"].sort());
    expect(found.find(({ scope }) => scope === a)).toMatchObject({ revision: 2, settings: { [a]: "{}" } });
    expect(await policies.findMany([])).toEqual([]);
  });
});
