import { afterEach, beforeEach, expect, test } from "vitest";
import { newSandboxId } from "../../src/core/ids.ts";
import type { Store } from "../../src/store/index.ts";
import { onEachDatabase, type TemporaryStore } from "../support/temporary-store.ts";
import { beginFamily, familyToBegin, newFamily } from "./families.ts";
import { familyStoreContract } from "./family-store.ts";
import { newSandbox } from "./sandboxes.ts";

onEachDatabase("families", (open, kind) => {
  familyStoreContract(kind, async () => {
    const made = await open();
    return {
      store: made.store.families,
      makeSandbox: (id) => made.store.sandboxes.insert(newSandbox({ id })),
      [Symbol.asyncDispose]: () => made[Symbol.asyncDispose](),
    };
  });
});

onEachDatabase("families and their sandboxes", (open) => {
  let made: TemporaryStore;
  let store: Store;
  beforeEach(async () => {
    made = await open();
    store = made.store;
  });
  afterEach(() => made[Symbol.asyncDispose]());

  test("no family begins for a sandbox that is not there", async () => {
    const family = newFamily();
    await store.sandboxes.insert(newSandbox());
    await expect(store.families.begin(family)).rejects.toMatchObject({ reason: "sandbox-missing" });
    expect(await store.families.load(0)).toEqual([]);
  });

  test.each(["stopped", "withheld", "deleted"] as const)(
    "T5: no family begins for a sandbox that is wished %s, and what lives is left alone",
    async (desired) => {
      const before = await beginFamily(store);
      const { sandboxId } = before;
      await store.sandboxes.setDesired(sandboxId, desired);
      const late = store.families.begin(newFamily({ sandboxId }));
      await expect(late).rejects.toMatchObject({ reason: "state-conflict", facts: { sandbox_id: sandboxId } });
      expect(await store.families.load(0)).toEqual([before]);
    },
  );

  test("T5: none begins for a sandbox that was removed", async () => {
    const family = await familyToBegin(store);
    await store.sandboxes.remove(family.sandboxId);
    await expect(store.families.begin(family)).rejects.toMatchObject({ reason: "sandbox-missing" });
  });

  test("one begins again where the sandbox is started", async () => {
    const family = await familyToBegin(store);
    await store.sandboxes.setDesired(family.sandboxId, "stopped");
    await store.sandboxes.setDesired(family.sandboxId, "running");
    expect(await store.families.begin(family)).toEqual([]);
    expect(await store.families.find(family.familyId)).toEqual(family);
  });

  test("a family that is refused leaves those of other sandboxes that begin at the same time alone", async () => {
    const families = await Promise.all(Array.from({ length: 30 }, () => familyToBegin(store)));
    const begun = families.flatMap((family) => [
      store.families.begin(family),
      store.families.begin(newFamily({ sandboxId: newSandboxId() })),
    ]);
    const refused = (await Promise.allSettled(begun)).filter(({ status }) => status === "rejected");
    expect(refused).toHaveLength(30);
    expect(await store.families.load(0)).toHaveLength(30);
  });
});
