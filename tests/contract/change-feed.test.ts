import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, expect, test } from "vitest";
import { newSandboxId } from "../../src/core/ids.ts";
import { Refusal } from "../../src/core/refusal.ts";
import type { Store } from "../../src/store/index.ts";
import { onEachDatabase, type TemporaryStore } from "../support/temporary-store.ts";
import { beginFamily, familyToBegin, newFamily, newSuccessor } from "./families.ts";
import { RecordedChanges } from "./recorded-changes.ts";
import { newSandbox } from "./sandboxes.ts";

const author = { source: "user", principal: "user:idp/ada", at: 1 } as const;
const policy = { canonical: "{}", hash: "0".repeat(64) };

onEachDatabase("change feed", (open) => {
  let made: TemporaryStore;
  let store: Store;
  let heard: RecordedChanges;

  beforeEach(async () => {
    made = await open();
    store = made.store;
    await store.policies.load();
    heard = new RecordedChanges();
  });
  afterEach(() => made[Symbol.asyncDispose]());

  /** What a follower hears of the work, and nothing else; a family that is begun afterwards says that this was all. */
  async function heardOf(work: () => Promise<unknown>): Promise<string[]> {
    const last = await familyToBegin(store);
    using _following = await store.feed.follow(heard);
    await work();
    await store.families.begin(last);
    await heard.hear(`family ${last.familyId}`);
    return heard.told.slice(1, -1);
  }

  test("a follower is told to reload, and of nothing that was there before", async () => {
    await beginFamily(store);
    expect(await heardOf(async () => undefined)).toEqual([]);
    expect(heard.told[0]).toBe("reload");
  });

  test("T6: a family is named when it is begun, rotated, presented and revoked, and when another ends it", async () => {
    const family = await familyToBegin(store);
    const { familyId, sandboxId } = family;
    const next = newFamily({ sandboxId });
    using _following = await store.feed.follow(heard);
    await store.families.begin(family);
    await heard.hear(`family ${familyId}`);
    await store.families.markPresented(familyId, 0);
    await heard.hear(`family ${familyId}`, 2);
    await store.families.rotate(familyId, 0, newSuccessor());
    await heard.hear(`family ${familyId}`, 3);
    await store.families.begin(next);
    await heard.hear(`family ${familyId}`, 4);
    await heard.hear(`family ${next.familyId}`);
    await store.families.revoke(next.familyId, "operator", 1);
    await heard.hear(`family ${next.familyId}`, 2);
    expect(heard.seqs).toEqual([...heard.seqs].sort((a, b) => a - b));
  });

  test("what changed nothing is not told", async () => {
    const family = await beginFamily(store);
    await store.families.markPresented(family.familyId, 0);
    expect(
      await heardOf(async () => {
        await store.families.markPresented(family.familyId, 0);
        await store.families.rotate(family.familyId, 7, newSuccessor());
        await store.families.revokeSandbox(newSandboxId(), "operator", 1);
        await store.policies.change("global", author, () => undefined);
        await store.sandboxes.setDesired(newSandboxId(), "deleted");
      }),
    ).toEqual([]);
  });

  test("a lease that is renewed, and a session that is recorded again, are not told", async () => {
    const [east] = await registered("east");
    const session = { sandboxId: newSandboxId(), sessionId: "s", instanceId: "i" };
    await store.replicas.record(east, { opened: [session], closed: [] });
    expect(
      await heardOf(async () => {
        await store.replicas.renew(east, 60_000);
        await store.replicas.record(east, { opened: [session], closed: [{ ...session, sessionId: "before" }] });
        await registered("west");
      }),
    ).toEqual([]);
  });

  test("what was rolled back is not told", async () => {
    const decline = () => {
      throw new Refusal("version-conflict");
    };
    const family = await beginFamily(store);
    expect(
      await heardOf(async () => {
        await expect(store.policies.change("global", author, decline)).rejects.toThrow(Refusal);
        await expect(store.families.begin(family)).rejects.toThrow();
      }),
    ).toEqual([]);
  });

  test("a sandbox is named when it is made, changed and removed", async () => {
    const sandbox = newSandbox();
    const name = `sandbox ${sandbox.id}`;
    using _following = await store.feed.follow(heard);
    await store.sandboxes.insert(sandbox);
    await heard.hear(name);
    await store.sandboxes.setDesired(sandbox.id, "deleted");
    await heard.hear(name, 2);
    await store.sandboxes.remove(sandbox.id);
    await heard.hear(name, 3);
  });

  test("a sandbox that is halted is named, once", async () => {
    const sandbox = newSandbox();
    await store.sandboxes.insert(sandbox);
    await store.sandboxes.setDesired(sandbox.id, "stopped");
    const halting = async () => {
      await store.sandboxes.setHalted(sandbox.id);
      await heard.hear(`sandbox ${sandbox.id}`);
      await store.sandboxes.setHalted(sandbox.id);
    };
    expect(await heardOf(halting)).toEqual([`sandbox ${sandbox.id}`]);
  });

  test("a session is named when it is opened, taken over, opened again and closed", async () => {
    const [east, west] = await registered("east", "west");
    const opened = { sandboxId: newSandboxId(), sessionId: "first", instanceId: "i" };
    const taken = { ...opened, sessionId: "second" };
    const again = { ...opened, sessionId: "third" };
    const name = `session ${opened.sandboxId}`;
    using _following = await store.feed.follow(heard);
    await store.replicas.record(east, { opened: [opened], closed: [] });
    await heard.hear(name);
    await store.replicas.record(west, { opened: [taken], closed: [] });
    await heard.hear(name, 2);
    await store.replicas.record(west, { opened: [again], closed: [taken] });
    await heard.hear(name, 3);
    await store.replicas.record(west, { opened: [], closed: [again] });
    await heard.hear(name, 4);
  });

  test.each<[string, (id: string) => Promise<unknown>]>([
    ["leaves", (id) => store.replicas.leave(id)],
    ["starts again under its name", () => registered("east")],
    [
      "lets its lease run out",
      async () => {
        const [west] = await registered("west");
        await made.query("update replicas set renewed_at = renewed_at - 100000 where name = 'east'");
        await store.replicas.renew(west, 60_000);
      },
    ],
  ])("each session of a replica that %s is named", async (_what, end) => {
    const [east] = await registered("east");
    const opened = ["a", "b", "c"].map((sessionId) => ({ sandboxId: newSandboxId(), sessionId, instanceId: "i" }));
    await store.replicas.record(east, { opened, closed: [] });
    const told = await heardOf(() => end(east));
    expect(told.sort()).toEqual(opened.map(({ sandboxId }) => `session ${sandboxId}`).sort());
  });

  test("a sandbox that is removed names its session too", async () => {
    const sandbox = newSandbox();
    await store.sandboxes.insert(sandbox);
    const [east] = await registered("east");
    const opened = [{ sandboxId: sandbox.id, sessionId: "s", instanceId: "i" }];
    await store.replicas.record(east, { opened, closed: [] });
    const told = await heardOf(() => store.sandboxes.remove(sandbox.id));
    expect(told.sort()).toEqual([`sandbox ${sandbox.id}`, `session ${sandbox.id}`]);
  });

  /** Registers replicas of these names; their ids. */
  async function registered<const T extends readonly string[]>(...names: T): Promise<{ [K in keyof T]: string }> {
    const replicas = names.map((name) => ({ id: randomUUID(), name, url: `https://${name}.internal` }));
    for (const replica of replicas) await store.replicas.register(replica);
    return replicas.map(({ id }) => id) as { [K in keyof T]: string };
  }

  test("a scope is named when it begins, changes, is loaded and goes; its sandbox too where that counts one up", async () => {
    const sandbox = newSandbox();
    const name = `config ${sandbox.id}`;
    await store.sandboxes.insert(sandbox);
    using _following = await store.feed.follow(heard);
    await store.policies.insert(sandbox.id, policy, author);
    await heard.hear(name);
    await store.policies.change(sandbox.id, author, () => ({ kind: "setting", key: "k", value: "{}" }));
    await heard.hear(name, 2);
    await heard.hear(`sandbox ${sandbox.id}`);
    await store.policies.report(sandbox.id, { version: 1, status: "loaded", loadError: undefined, at: 1 });
    await heard.hear(name, 3);
    await store.policies.change("global", author, () => ({ kind: "policy", policy }));
    await heard.hear("config global");
    await store.policies.remove(sandbox.id);
    await heard.hear(name, 4);
  });

  test("what an operator revokes by hand is told like any other", async () => {
    const family = await beginFamily(store);
    using _following = await store.feed.follow(heard);
    await made.query(`update token_families set revoked_at = 1, revoked_for = 'operator'`);
    // On SQLite other programs' writes are seen with the next of its own.
    await beginFamily(store);
    await heard.hear(`family ${family.familyId}`);
    expect(await store.families.findMany([family.familyId])).toMatchObject([{ revokedFor: "operator" }]);
  });

  test("of many changes of one thing the followers hear at least the last, and of each of many things", async () => {
    const family = await beginFamily(store);
    let generation = 0;
    using _following = await store.feed.follow({
      reload: async () => undefined,
      learn: async () => {
        generation = (await store.families.find(family.familyId))?.generation ?? 0;
      },
    });
    using _other = await store.feed.follow(heard);
    for (let at = 0; at < 50; at += 1) await store.families.rotate(family.familyId, at, newSuccessor());
    const others = await Promise.all(Array.from({ length: 100 }, () => beginFamily(store)));
    for (const { familyId } of others) await heard.hear(`family ${familyId}`);
    expect(generation).toBe(50);
    expect(new Set(heard.seqs).size).toBe(heard.seqs.length);
  });

  test("a follower that fails is told to reload, and then hears on", async () => {
    const [first, second] = [await familyToBegin(store), await familyToBegin(store)];
    using _following = await store.feed.follow(heard);
    heard.failing = 1;
    await store.families.begin(first);
    await heard.hear("reload", 2);
    await store.families.begin(second);
    await heard.hear(`family ${second.familyId}`);
  });

  test("a follower whose first reload fails does not follow", async () => {
    heard.failing = 1;
    await expect(store.feed.follow(heard)).rejects.toMatchObject({ reason: "store-unavailable" });
    const other = new RecordedChanges();
    using _following = await store.feed.follow(other);
    await beginFamily(store);
    expect(heard.told).toEqual([]);
  });

  test("one that came later loads for itself, and one that left hears no more", async () => {
    const family = await familyToBegin(store);
    const early = await store.feed.follow(heard);
    const later = new RecordedChanges();
    using _following = await store.feed.follow(later);
    expect([heard.told, later.told]).toEqual([["reload"], ["reload"]]);
    early[Symbol.dispose]();
    await store.families.begin(family);
    await later.hear(`family ${family.familyId}`);
    expect(heard.told).toEqual(["reload"]);
  });

  test("a closed store's feed is followed by nobody", async () => {
    await store[Symbol.asyncDispose]();
    await expect(store.feed.follow(heard)).rejects.toMatchObject({ reason: "store-unavailable" });
  });
});
