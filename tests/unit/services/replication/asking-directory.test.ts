import { expect, onTestFinished, test } from "vitest";
import { newSandboxId } from "../../../../src/core/ids.ts";
import { Refusal } from "../../../../src/core/refusal.ts";
import { askingDirectory } from "../../../../src/services/replication/asking-directory.ts";
import { SandboxRegistry } from "../../../../src/services/sandboxes/index.ts";
import { newSandbox } from "../../../contract/sandboxes.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { temporaryStore } from "../../../support/temporary-store.ts";

/** A replica that hears of nothing by itself, and what it asked the store for. */
async function opened() {
  const { store, ...made } = await temporaryStore();
  onTestFinished(() => made[Symbol.asyncDispose]());
  const asked: string[] = [];
  const registry = await SandboxRegistry.open({ store: store.sandboxes, clock: new FakeClock() });
  const noted = (kind: string) => ({
    reload: async () => undefined,
    learn: async (ids: readonly string[]) =>
      void asked.push(`${kind} ${ids.join()} ${registry.find(ids[0] as never) ? "known" : "not known"}`),
  });
  const directory = askingDirectory({
    registry,
    store: {
      findNamed: (workspace, name) => {
        asked.push(`named ${workspace}/${name}`);
        return store.sandboxes.findNamed(workspace, name);
      },
    },
    configuration: noted("configuration"),
    sessions: noted("sessions"),
  });
  return { store, registry, directory, asked };
}

test("a sandbox that another replica made a moment ago is found by its id, after its configuration and before its session", async () => {
  const { store, directory, asked } = await opened();
  const sandbox = newSandbox({ name: "a" });
  await store.sandboxes.insert(sandbox);
  expect(await directory.byId(sandbox.id)).toMatchObject({ id: sandbox.id, name: "a" });
  expect(asked).toEqual([`configuration ${sandbox.id} not known`, `sessions ${sandbox.id} known`]);
});

test("by its name too, and the next time nobody is asked", async () => {
  const { store, directory, asked } = await opened();
  const sandbox = newSandbox({ name: "a" });
  await store.sandboxes.insert(sandbox);
  expect(await directory.byName(sandbox.workspace, "a")).toMatchObject({ id: sandbox.id });
  expect(asked.shift()).toBe(`named ${sandbox.workspace}/a`);
  asked.length = 0;
  expect(directory.byName(sandbox.workspace, "a")).toMatchObject({ id: sandbox.id });
  expect(directory.byId(sandbox.id)).toMatchObject({ id: sandbox.id });
  expect(asked).toEqual([]);
});

test("one that is nowhere is not found, by either", async () => {
  const { directory } = await opened();
  expect(await directory.byId(newSandboxId())).toBeUndefined();
  expect(await directory.byName("default", "a")).toBeUndefined();
});

test("one that is being deleted is not found, and nobody is asked", async () => {
  const { store, registry, directory, asked } = await opened();
  const sandbox = newSandbox({ name: "a" });
  await store.sandboxes.insert(sandbox);
  await directory.byId(sandbox.id);
  asked.length = 0;
  await registry.beginRemoval(sandbox.id);
  expect(directory.byId(sandbox.id)).toBeUndefined();
  expect(directory.byName(sandbox.workspace, "a")).toBeUndefined();
  expect(asked).toEqual([]);
});

test("where the store cannot be asked, it is not said that there is none", async () => {
  const { store, directory } = await opened();
  await store[Symbol.asyncDispose]();
  await expect(directory.byName("default", "a")).rejects.toEqual(new Refusal("store-unavailable"));
  await expect(directory.byId(newSandboxId())).rejects.toEqual(new Refusal("store-unavailable"));
});
