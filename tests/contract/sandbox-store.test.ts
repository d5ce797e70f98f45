import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { newSandboxId } from "../../src/core/ids.ts";
import type { SandboxStore, StoredSandbox } from "../../src/store/index.ts";
import { onEachDatabase, type TemporaryStore } from "../support/temporary-store.ts";
import { newSandbox } from "./sandboxes.ts";

const sandboxOf = (over: Partial<StoredSandbox> = {}): StoredSandbox =>
  newSandbox({
    name: "a",
    spec: new Uint8Array([0, 1, 255]),
    labels: { team: "red", __proto__x: "1" },
    annotations: { note: "grüße \u0000 ✓" },
    createdAt: Date.UTC(2026, 0, 1),
    replica: "east-1",
    ...over,
  });

onEachDatabase("sandboxes", (open) => {
  let made: TemporaryStore;
  let store: SandboxStore;

  beforeEach(async () => {
    made = await open();
    store = made.store.sandboxes;
  });
  afterEach(() => made[Symbol.asyncDispose]());

  test("what was inserted is loaded again, every member of it", async () => {
    const sandbox = sandboxOf();
    expect(await store.insert(sandbox)).toBe(true);
    const [loaded] = await store.load();
    expect(loaded).toEqual(sandbox);
  });

  test("a sandbox is found by its name, in its own workspace alone", async () => {
    const sandbox = sandboxOf();
    await store.insert(sandbox);
    expect(await store.findNamed(sandbox.workspace, "a")).toEqual(sandbox);
    expect(await store.findNamed("another", "a")).toBeUndefined();
    expect(await store.findNamed(sandbox.workspace, "b")).toBeUndefined();
  });

  test("a sandbox that no replica calls its own is loaded so", async () => {
    await store.insert(sandboxOf({ replica: undefined }));
    expect(await store.load()).toMatchObject([{ replica: undefined }]);
  });

  test("a name that is taken in the workspace is refused, and what is there stays", async () => {
    const first = sandboxOf();
    await store.insert(first);
    expect(await store.insert(sandboxOf({ spec: new Uint8Array() }))).toBe(false);
    expect(await store.load()).toMatchObject([{ id: first.id }]);
  });

  test("of fifty that want one name at once, one gets it", async () => {
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => store.insert(sandboxOf())));
    expect(outcomes.filter(Boolean)).toHaveLength(1);
  });

  test("the same name in another workspace is another sandbox", async () => {
    await store.insert(sandboxOf());
    expect(await store.insert(sandboxOf({ workspace: "other" }))).toBe(true);
  });

  test("a change counts up the resource version, and leaves what it does not name", async () => {
    const sandbox = sandboxOf();
    await store.insert(sandbox);
    const { labels, annotations } = sandbox;
    const changed = await store.setDesired(sandbox.id, "deleted");
    expect(changed).toMatchObject({ labels, annotations, desired: "deleted", resourceVersion: 2 });
    expect(await store.load()).toEqual([changed]);
  });

  test("a sandbox that is not there is neither changed nor removed", async () => {
    expect(await store.setDesired(newSandboxId(), "deleted")).toBeUndefined();
    expect(await store.remove(newSandboxId())).toBe(false);
  });

  describe("halted", () => {
    async function stopped() {
      const sandbox = sandboxOf();
      await store.insert(sandbox);
      await store.setDesired(sandbox.id, "stopped");
      return sandbox.id;
    }

    test("a stopped sandbox is halted from then on, with the resource version that it had", async () => {
      const id = await stopped();
      const halted = await store.setHalted(id);
      expect(halted).toMatchObject({ desired: "stopped", halted: true, resourceVersion: 2 });
      expect(await store.load()).toEqual([halted]);
      expect(await store.setHalted(id)).toEqual(halted);
    });

    test.each(["running", "withheld", "deleted"] as const)("one that is wished %s cannot be", async (desired) => {
      const id = await stopped();
      const before = await store.setDesired(id, desired);
      expect(await store.setHalted(id)).toBeUndefined();
      expect(await store.load()).toEqual([before]);
    });

    test("one that is not there cannot be", async () => {
      expect(await store.setHalted(newSandboxId())).toBeUndefined();
    });

    test.each(["running", "withheld", "deleted"] as const)(
      "it ends where the sandbox is wished %s",
      async (desired) => {
        const id = await stopped();
        await store.setHalted(id);
        expect(await store.setDesired(id, desired)).toMatchObject({ halted: false, resourceVersion: 3 });
      },
    );

    test("it stays where the sandbox is wished stopped again, and has to be said anew after a start", async () => {
      const id = await stopped();
      await store.setHalted(id);
      expect(await store.setDesired(id, "stopped")).toMatchObject({ halted: true, resourceVersion: 3 });
      await store.setDesired(id, "running");
      expect(await store.setDesired(id, "stopped")).toMatchObject({ halted: false, resourceVersion: 5 });
    });

    test("a start and a late word of the stop leave the sandbox running and not halted, whoever comes first", async () => {
      for (let round = 0; round < 20; round += 1) {
        const id = await stopped();
        await Promise.all(
          round % 2
            ? [store.setHalted(id), store.setDesired(id, "running")]
            : [store.setDesired(id, "running"), store.setHalted(id)],
        );
        expect(await store.findMany([id])).toMatchObject([{ desired: "running", halted: false }]);
        await store.remove(id);
      }
    });
  });

  test("a removed sandbox is gone and its name is free", async () => {
    const sandbox = sandboxOf();
    await store.insert(sandbox);
    expect(await store.remove(sandbox.id)).toBe(true);
    expect(await store.load()).toEqual([]);
    expect(await store.insert(sandboxOf())).toBe(true);
  });

  test("those that are asked for are found, oldest first, and ids that nobody has are passed over", async () => {
    const sandboxes = ["a", "b", "c"].map((name, index) => sandboxOf({ name, createdAt: 10 - index }));
    for (const sandbox of sandboxes) await store.insert(sandbox);
    const [a, b, c] = sandboxes.map(({ id }) => id);
    expect((await store.findMany([a!, c!, newSandboxId()])).map(({ id }) => id)).toEqual([c, a]);
    expect(await store.findMany([b!])).toMatchObject([{ name: "b" }]);
    expect(await store.findMany([])).toEqual([]);
  });

  test("sandboxes are loaded in the order in which they were made", async () => {
    for (const [name, createdAt] of [
      ["c", 3],
      ["a", 1],
      ["b", 2],
    ] as const)
      await store.insert(sandboxOf({ name, createdAt }));
    expect((await store.load()).map(({ name }) => name)).toEqual(["a", "b", "c"]);
  });
});
