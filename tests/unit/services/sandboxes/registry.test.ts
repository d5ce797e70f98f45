import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { SandboxPhase } from "../../../../gen/openshell/v1/sandboxes_pb.ts";
import { newSandboxId, type SandboxId } from "../../../../src/core/ids.ts";
import { grantScope } from "../../../../src/core/scoped-sandbox.ts";
import { type PolicyVersions, type SandboxEvent, SandboxRegistry } from "../../../../src/services/sandboxes/index.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { newSandbox, specOf } from "../../../support/sandbox-world.ts";
import { temporaryStore } from "../../../support/temporary-store.ts";

const start = Date.UTC(2026, 0, 1);
let made: Awaited<ReturnType<typeof temporaryStore>>;
let clock: FakeClock;
let registry: SandboxRegistry;

const open = () => SandboxRegistry.open({ store: made.store.sandboxes, clock });
const add = (wanted = {}) => registry.add(newSandboxId(), newSandbox(wanted));
const phaseOf = (id: SandboxId) => registry.find(id)?.phase;

beforeEach(async () => {
  made = await temporaryStore();
  clock = new FakeClock(start);
  registry = await open();
});
afterEach(() => made[Symbol.asyncDispose]());

describe("finding", () => {
  test("a sandbox is found by its id and by its name in its workspace", async () => {
    const { id } = await add();
    expect(registry.byId(id)).toMatchObject({ id, name: "a", workspace: "default" });
    expect(registry.byName("default", "a")?.id).toBe(id);
  });

  test.each([
    ["another workspace", "other", "a"],
    ["another name", "default", "b"],
    ["nothing", "", ""],
    ["a name with the workspace in it", "", "default/a"],
  ])("%s finds nothing", async (_what, workspace, name) => {
    await add();
    expect(registry.byName(workspace, name)).toBeUndefined();
  });

  test("an id that nobody has finds nothing, and reading it is refused as missing", async () => {
    const gone = grantScope({ id: newSandboxId(), name: "a", workspace: "default" });
    expect([registry.byId(gone.id), registry.find(gone.id)]).toEqual([undefined, undefined]);
    expect(() => registry.get(gone)).toThrow("sandbox not found");
  });

  test("a restart finds what was there, but for sessions", async () => {
    const spec = specOf({ command: ["bash"], environment: { A: "1" }, policy: { version: 3 } });
    const before = await add({ spec, labels: { team: "red" }, annotations: { note: "✓" } });
    registry.sessionStarted(before.id, "i");
    registry = await open();
    expect(registry.find(before.id)).toEqual(before);
  });
});

describe("phases", () => {
  test("a new sandbox is PROVISIONING, hello makes it READY, and the session's end takes it back", async () => {
    const { id, phase } = await add();
    expect(phase).toBe(SandboxPhase.PROVISIONING);
    registry.sessionStarted(id, "instance-1");
    expect(registry.find(id)).toMatchObject({
      phase: SandboxPhase.READY,
      ready: { status: true },
      mainProcessInstanceId: "instance-1",
    });
    registry.sessionEnded(id);
    expect(registry.find(id)).toMatchObject({
      phase: SandboxPhase.PROVISIONING,
      ready: { status: false, reason: "DependenciesNotReady" },
      mainProcessInstanceId: "instance-1",
    });
  });

  test("a sandbox that is being deleted stays DELETING, whatever its supervisor does", async () => {
    const { id } = await add();
    registry.sessionStarted(id, "i");
    const removal = registry.beginRemoval(id);
    expect(phaseOf(id)).toBe(SandboxPhase.DELETING);
    registry.sessionEnded(id);
    expect(() => registry.sessionStarted(id, "i")).toThrow("sandbox not found");
    registry.report(id, { reason: "SupervisorExited", message: "gone" });
    expect(phaseOf(id)).toBe(SandboxPhase.DELETING);
    await removal;
    expect(phaseOf(id)).toBe(SandboxPhase.DELETING);
  });

  test("a session of a sandbox that is gone is refused; its end is nothing", async () => {
    expect(() => registry.sessionStarted(newSandboxId(), "i")).toThrow("sandbox not found");
    expect(() => registry.sessionEnded(newSandboxId())).not.toThrow();
  });

  test("the condition says since when: the time moves with its status, not with its reason", async () => {
    const { id } = await add();
    clock.jump(1000);
    registry.report(id, { reason: "Retrying", message: "engine gone" });
    expect(registry.find(id)?.ready).toEqual({
      status: false,
      reason: "Retrying",
      message: "engine gone",
      since: start,
    });
    clock.jump(1000);
    registry.sessionStarted(id, "i");
    expect(registry.find(id)?.ready).toMatchObject({ status: true, since: start + 2000 });
  });

  test("sessions do not count as changes of the sandbox; what is stored does", async () => {
    const { id } = await add();
    registry.sessionStarted(id, "i");
    expect(registry.find(id)?.resourceVersion).toBe(1);
    await registry.beginRemoval(id);
    expect(registry.find(id)?.resourceVersion).toBe(2);
  });
});

describe("names", () => {
  test("a taken name is refused with words that name it", async () => {
    await add();
    await expect(add()).rejects.toMatchObject({
      reason: "name-taken",
      message: "sandbox 'a' already exists in workspace 'default'",
    });
  });

  test("of many that want a name at once, one gets it", async () => {
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => add()));
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(registry.list()).toHaveLength(1);
  });

  test("a name is taken until its sandbox is removed, and free then, with another id", async () => {
    const first = await add();
    await registry.beginRemoval(first.id);
    await expect(add()).rejects.toMatchObject({ reason: "name-taken" });
    await registry.remove(first.id);
    const second = await add();
    expect(second.id).not.toBe(first.id);
    expect(registry.byName("default", "a")?.id).toBe(second.id);
  });
});

describe("telling", () => {
  test("listeners hear each change in order, and that the sandbox is gone", async () => {
    const heard: (SandboxPhase | "removed")[] = [];
    using _subscription = registry.onChange((event: SandboxEvent) =>
      heard.push(event.kind === "changed" ? event.record.phase : event.kind),
    );
    const { id } = await add();
    registry.sessionStarted(id, "i");
    registry.sessionEnded(id);
    await registry.beginRemoval(id);
    await registry.remove(id);
    const { PROVISIONING, READY, DELETING } = SandboxPhase;
    expect(heard).toEqual([PROVISIONING, READY, PROVISIONING, DELETING, DELETING, "removed"]);
  });

  test("a listener that was disposed hears nothing", async () => {
    const heard: SandboxEvent[] = [];
    registry.onChange((event) => heard.push(event))[Symbol.dispose]();
    await add();
    expect(heard).toEqual([]);
  });

  test("a refused change is told to nobody", async () => {
    await add();
    const heard: SandboxEvent[] = [];
    using _subscription = registry.onChange((event) => heard.push(event));
    await expect(add()).rejects.toMatchObject({ reason: "name-taken" });
    expect(heard).toEqual([]);
  });
});

describe("policies", () => {
  function scripted(loaded: number) {
    let tell: Parameters<PolicyVersions["onChange"]>[0] = () => undefined;
    const policies: PolicyVersions = {
      loadedVersion: () => loaded,
      onChange(listener) {
        tell = listener;
        return { [Symbol.dispose]: () => undefined };
      },
    };
    return { policies, tell: (change: Parameters<typeof tell>[0]) => tell(change) };
  }

  test("a sandbox shows which version it runs, and counts changes of its configuration as its own", async () => {
    const { id } = await add();
    const { policies, tell } = scripted(3);
    using _following = registry.follow(policies);
    expect(registry.find(id)?.policyVersion).toBe(3);
    tell({ sandboxId: id, loadedVersion: 4, resourceVersion: 7 });
    expect(registry.find(id)).toMatchObject({ policyVersion: 4, resourceVersion: 7 });
    tell({ sandboxId: id, loadedVersion: 5, resourceVersion: undefined });
    expect(registry.find(id)).toMatchObject({ policyVersion: 5, resourceVersion: 7 });
  });

  test("a change of a sandbox that is gone is nothing", () => {
    const { policies, tell } = scripted(0);
    using _following = registry.follow(policies);
    tell({ sandboxId: newSandboxId(), loadedVersion: 1, resourceVersion: 1 });
    expect(registry.list()).toEqual([]);
  });
});
