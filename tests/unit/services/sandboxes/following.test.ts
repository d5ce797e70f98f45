import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { SandboxPhase } from "../../../../gen/openshell/v1/sandboxes_pb.ts";
import { newSandboxId, type SandboxId } from "../../../../src/core/ids.ts";
import { Refusal } from "../../../../src/core/refusal.ts";
import { type SandboxEvent, SandboxRegistry } from "../../../../src/services/sandboxes/index.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { newSandbox } from "../../../support/sandbox-world.ts";
import { type TemporaryStore, temporaryStore } from "../../../support/temporary-store.ts";

const { DELETING, PROVISIONING, READY, STARTING, STOPPED, STOPPING } = SandboxPhase;

let made: TemporaryStore;
let clock: FakeClock;
/** Two replicas' registries on one store; what is told is told of the second. */
let [here, there]: [SandboxRegistry, SandboxRegistry] = [undefined as never, undefined as never];
let told: (SandboxPhase | "removed")[];

beforeEach(async () => {
  made = await temporaryStore();
  clock = new FakeClock();
  const open = (replica: string) => SandboxRegistry.open({ store: made.store.sandboxes, clock, replica });
  [here, there] = [await open("here"), await open("there")];
  told = [];
  here.onChange((event: SandboxEvent) => void told.push(event.kind === "changed" ? event.record.phase : event.kind));
});
afterEach(() => made[Symbol.asyncDispose]());

const add = async (wanted = {}) => (await there.add(newSandboxId(), newSandbox(wanted))).id;
const phaseOf = (id: SandboxId) => here.find(id)?.phase;

async function known(): Promise<SandboxId> {
  const id = await add();
  await here.follower.learn([id]);
  told.length = 0;
  return id;
}

/** Has the store answer the next call only when it is told to, as on a slow connection; `done` once its work is done. */
function slow(method: "findMany" | "load" | "insert" | "setDesired") {
  const [done, answer] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const { sandboxes } = made.store;
  const original = sandboxes[method] as (...given: unknown[]) => Promise<never>;
  vi.spyOn(sandboxes, method).mockImplementationOnce(async (...given: unknown[]) => {
    const result = await original(...given);
    done.resolve();
    await answer.promise;
    return result;
  });
  return { done: done.promise, answer: answer.resolve };
}

describe.each(["learn", "reload"] as const)("%s", (how) => {
  const follow = (...ids: SandboxId[]) => (how === "learn" ? here.follower.learn(ids) : here.follower.reload());
  const method = how === "learn" ? "findMany" : "load";

  test("a new sandbox is known, with whose it is, and told once however often it is told of", async () => {
    const id = await add();
    await follow(id);
    await follow(id);
    expect([told, here.find(id)?.replica]).toEqual([[PROVISIONING], "there"]);
  });

  test("a stop, its end, a start and a deletion are what they are where they were made", async () => {
    const id = await known();
    const steps = [
      () => there.wish(id, "stopped"),
      () => there.halted(id),
      () => there.wish(id, "running"),
      () => there.beginRemoval(id),
      () => there.remove(id),
    ];
    for (const step of steps) {
      await step();
      await follow(id);
    }
    expect(told).toEqual([STOPPING, STOPPED, STARTING, DELETING, "removed"]);
    expect([here.find(id), here.byName("default", "a")]).toEqual([undefined, undefined]);
  });

  test("what is told late, by a reading that began before a change of this process's own, changes nothing", async () => {
    const id = await known();
    const reading = slow(method);
    const following = follow(id);
    await reading.done;
    await here.wish(id, "stopped");
    reading.answer();
    await following;
    expect(told).toEqual([STOPPING]);
  });

  test("a sandbox that was removed while it was being read does not come back", async () => {
    const id = await known();
    const reading = slow(method);
    const following = follow(id);
    await reading.done;
    await here.remove(id);
    reading.answer();
    await following;
    expect([told, here.list()]).toEqual([["removed"], []]);
  });

  test("one that is made while everything is being read is not taken for gone", async () => {
    const reading = slow(method);
    const first = await add();
    const following = follow(first);
    await reading.done;
    const { id } = await here.add(newSandboxId(), newSandbox({ name: "b" }));
    reading.answer();
    await following;
    expect(here.find(id)).toBeDefined();
  });

  test("a name that was given to another sandbox meanwhile is the new one's, whichever is told first", async () => {
    const old = await known();
    await there.remove(old);
    const id = await add();
    await follow(id, old);
    expect([here.byName("default", "a")?.id, here.list().length]).toEqual([id, 1]);
    await there.remove(id);
    const last = await add();
    await follow(id, last);
    expect([here.byName("default", "a")?.id, here.list().length]).toEqual([last, 1]);
  });

  test("a store that was restored from an older copy is believed", async () => {
    const id = await known();
    await there.wish(id, "stopped");
    await follow(id);
    await made.query(`update sandboxes set desired = 'running', resource_version = 1`);
    await follow(id);
    expect([phaseOf(id), here.find(id)?.resourceVersion]).toEqual([STARTING, 1]);
  });

  test("a store that cannot be read changes nothing, and says so", async () => {
    const id = await known();
    vi.spyOn(made.store.sandboxes, method).mockRejectedValueOnce(new Refusal("store-unavailable"));
    await expect(follow(id)).rejects.toMatchObject({ reason: "store-unavailable" });
    expect([told, phaseOf(id)]).toEqual([[], PROVISIONING]);
  });

  test("a configuration that changed here first hides no wish that was stored before it", async () => {
    const id = await known();
    let tell: (change: { sandboxId: SandboxId; loadedVersion: number; resourceVersion: number | undefined }) => void =
      () => undefined;
    using _following = here.follow({
      loadedVersion: () => 0,
      onChange(listener) {
        tell = listener;
        return { [Symbol.dispose]: () => undefined };
      },
    });
    await there.wish(id, "stopped");
    tell({ sandboxId: id, loadedVersion: 1, resourceVersion: 3 });
    await follow(id);
    expect(here.find(id)).toMatchObject({ phase: STOPPING, resourceVersion: 3, policyVersion: 1 });
  });
});

describe("this process's own writes", () => {
  test("are told once, though the feed tells of them before they are answered", async () => {
    const inserting = slow("insert");
    const id = newSandboxId();
    const adding = here.add(id, newSandbox());
    await inserting.done;
    await here.follower.learn([id]);
    inserting.answer();
    await adding;
    const wishing = slow("setDesired");
    const stopping = here.wish(id, "stopped");
    await wishing.done;
    await here.follower.learn([id]);
    wishing.answer();
    expect(await stopping).toMatchObject({ phase: STOPPING });
    expect(told).toEqual([PROVISIONING, STOPPING]);
  });

  test("which are answered after another replica's later ones change nothing", async () => {
    const id = await known();
    const wishing = slow("setDesired");
    const stopping = here.wish(id, "stopped");
    await wishing.done;
    await there.refresh(id);
    await there.wish(id, "running");
    await here.follower.learn([id]);
    wishing.answer();
    expect(await stopping).toMatchObject({ desired: "running", resourceVersion: 3 });
    expect(told).toEqual([PROVISIONING]);
  });

  test("of a sandbox that is gone, or going, elsewhere are refused, and it is known then", async () => {
    const [gone, going] = [await add(), await add({ name: "b" })];
    await here.follower.reload();
    await there.remove(gone);
    await there.beginRemoval(going);
    await expect(here.wish(gone, "stopped")).rejects.toMatchObject({ reason: "sandbox-missing" });
    await expect(here.wish(going, "stopped")).rejects.toMatchObject({ reason: "state-conflict" });
    expect([phaseOf(gone), phaseOf(going)]).toEqual([undefined, DELETING]);
  });

  test("of a deletion, where it is gone already, end with it gone", async () => {
    const id = await known();
    await there.remove(id);
    await here.beginRemoval(id);
    expect(told).toEqual([DELETING, "removed"]);
  });
});

describe("sessions elsewhere", () => {
  test("make a sandbox ready, and their end takes it back", async () => {
    const id = await known();
    here.sessionElsewhere(id, "i");
    here.sessionElsewhere(id, "i");
    expect(here.find(id)).toMatchObject({ phase: READY, mainProcessInstanceId: "i" });
    here.sessionElsewhere(id, undefined);
    expect([told, here.find(id)?.ready.reason]).toEqual([[READY, PROVISIONING], "DependenciesNotReady"]);
  });

  test("keep it ready when the session here ends, and the other way round", async () => {
    const id = await known();
    here.sessionStarted(id, "one");
    here.sessionElsewhere(id, "two");
    here.sessionEnded(id);
    expect(here.find(id)).toMatchObject({ phase: READY, mainProcessInstanceId: "two" });
    here.sessionStarted(id, "three");
    here.sessionElsewhere(id, undefined);
    expect(here.find(id)).toMatchObject({ phase: READY, mainProcessInstanceId: "three" });
  });

  test("told once more do not take the place of a newer instance here", async () => {
    const id = await known();
    here.sessionElsewhere(id, "old");
    here.sessionStarted(id, "new");
    here.sessionElsewhere(id, "old");
    expect(here.find(id)?.mainProcessInstanceId).toBe("new");
  });

  test("of a sandbox that is not known are nothing, also when it is known later", async () => {
    const id = await add();
    here.sessionElsewhere(id, "i");
    await here.follower.learn([id]);
    expect(phaseOf(id)).toBe(PROVISIONING);
  });

  test("matter as little as any while it is stopped, withheld or going", async () => {
    const id = await known();
    here.sessionElsewhere(id, "i");
    await here.wish(id, "withheld");
    expect(phaseOf(id)).toBe(PROVISIONING);
    await here.wish(id, "stopped");
    expect(phaseOf(id)).toBe(STOPPING);
    await here.beginRemoval(id);
    expect(phaseOf(id)).toBe(DELETING);
  });

  test("that were there before the stop do not make it ready again when it is started; a new one does", async () => {
    const id = await known();
    here.sessionElsewhere(id, "old");
    await here.wish(id, "stopped");
    await here.wish(id, "running");
    here.sessionElsewhere(id, "old");
    expect(phaseOf(id)).toBe(STARTING);
    here.sessionElsewhere(id, "new");
    expect(phaseOf(id)).toBe(READY);
  });

  test("that are told before the start that brought them make it ready as soon as that is known", async () => {
    const id = await known();
    await here.wish(id, "stopped");
    await there.refresh(id);
    await there.wish(id, "running");
    here.sessionElsewhere(id, "new");
    expect(phaseOf(id)).toBe(STOPPING);
    await here.follower.learn([id]);
    expect(phaseOf(id)).toBe(READY);
  });
});

describe("the end of a stop", () => {
  test("is stored, so that after a restart it is STOPPED at once", async () => {
    const { id } = await here.add(newSandboxId(), newSandbox());
    await here.wish(id, "stopped");
    await here.halted(id);
    const next = await SandboxRegistry.open({ store: made.store.sandboxes, clock });
    expect(next.find(id)?.phase).toBe(STOPPED);
  });

  test("that was overtaken by a start stops nothing", async () => {
    const id = await known();
    await here.wish(id, "stopped");
    await there.refresh(id);
    await there.wish(id, "running");
    await here.halted(id);
    await here.follower.learn([id]);
    expect(phaseOf(id)).toBe(STARTING);
    expect(await made.store.sandboxes.load()).toMatchObject([{ desired: "running", halted: false }]);
  });

  test("does not outlast the next start and stop", async () => {
    const id = await known();
    await here.wish(id, "stopped");
    await here.halted(id);
    await here.wish(id, "running");
    await here.wish(id, "stopped");
    expect(told).toEqual([STOPPING, STOPPED, STARTING, STOPPING]);
  });
});
