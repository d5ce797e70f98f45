import { create } from "@bufbuild/protobuf";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { SandboxPhase } from "../../../../gen/openshell/v1/sandboxes_pb.ts";
import { WatchSandboxRequestSchema } from "../../../../gen/openshell/v1/watch_pb.ts";
import type { SandboxId } from "../../../../src/core/ids.ts";
import { Refusal } from "../../../../src/core/refusal.ts";
import { grantScope } from "../../../../src/core/scoped-sandbox.ts";
import type { SandboxEvent } from "../../../../src/services/sandboxes/index.ts";
import { watchSandbox } from "../../../../src/services/sandboxes/watch-sandbox.ts";
import { userPrincipal } from "../../../support/principals.ts";
import { everyMs, type Replicas, type SandboxWorld, twoReplicas } from "../../../support/sandbox-world.ts";

const { DELETING, PROVISIONING, READY, STARTING, STOPPED, STOPPING } = SandboxPhase;
const user = userPrincipal();

/** A makes the sandboxes and runs them; B gets the calls. */
let replicas: Replicas;
let [a, b]: [SandboxWorld, SandboxWorld] = [undefined as never, undefined as never];

beforeEach(async () => {
  replicas = await twoReplicas();
  ({ a, b } = replicas);
});
afterEach(async () => {
  expect(b.driver.calls, "a driver was asked for what another replica runs").toEqual([]);
  await replicas[Symbol.asyncDispose]();
});

async function made(): Promise<SandboxId> {
  const { id } = await a.made();
  await b.catchUp();
  a.driver.calls.length = 0;
  return id;
}

async function stopped(): Promise<SandboxId> {
  const id = await made();
  await b.lifecycle.stop(id, user);
  await a.catchUp();
  await b.catchUp();
  a.driver.calls.length = 0;
  return id;
}

const phases = (id: SandboxId) => [a, b].map(({ registry }) => registry.find(id)?.phase);
const live = (id: SandboxId) => replicas.store.families.ofSandbox(id);
const fileOf = (id: SandboxId) => a.driver.files.get(id)?.reveal();
const calls = (id: SandboxId) => a.driver.calls.map((call) => call.replace(` ${id}`, ""));
const events = ({ audited }: SandboxWorld) => audited.map(({ event }) => event);

function watched({ registry }: SandboxWorld): (SandboxPhase | "removed")[] {
  const seen: (SandboxPhase | "removed")[] = [];
  registry.onChange(
    (event: SandboxEvent) => void seen.push(event.kind === "changed" ? event.record.phase : event.kind),
  );
  return seen;
}

describe("a sandbox that another replica made", () => {
  test("is known by its id and its name, and is nothing to this replica's driver or keeper", async () => {
    const id = await made();
    expect(b.registry.byName("default", "a")?.id).toBe(id);
    expect(b.registry.find(id)).toEqual(a.registry.find(id));
    await b.lifecycle.resume();
    await b.lifecycle.settle(id);
    replicas.clock.jump(2 * 3_600_000);
    await b.keeper.look();
    expect(await live(id)).toHaveLength(1);
  });

  test("gets no token from this replica's driver, whatever that asks for", async () => {
    const id = await made();
    await expect(b.lifecycle.renewToken(id)).rejects.toMatchObject({ reason: "state-conflict" });
    await expect(b.lifecycle.mendToken(id)).rejects.toMatchObject({ reason: "state-conflict" });
    b.lifecycle.observe({ kind: "exited", sandboxId: id, detail: "exit code 1", willRestartInMs: 5 });
    expect(b.registry.find(id)?.ready.reason).toBe("DependenciesNotReady");
    expect(events(b)).toEqual([]);
  });

  test("keeps its name for all of them", async () => {
    await made();
    await expect(b.made()).rejects.toMatchObject({ reason: "name-taken" });
  });

  test("is looked after by its owner where a thief used its token elsewhere", async () => {
    const id = await made();
    a.keeper.start();
    b.keeper.start();
    const old = fileOf(id);
    const [family] = await live(id);
    await b.tokens.revokeFamily(family!.familyId, "reuse");
    await a.catchUp();
    await expect.poll(() => fileOf(id)).not.toBe(old);
    expect(await live(id)).toHaveLength(1);
  });
});

describe("a stop at a replica that does not run the sandbox", () => {
  test("ends its tokens, and shows STOPPING until the owner has stopped it; then it is STOPPED everywhere", async () => {
    const id = await made();
    expect(await b.lifecycle.stop(id, user)).toMatchObject({ phase: STOPPING });
    expect(await live(id)).toEqual([]);
    await b.lifecycle.idle();
    expect([phases(id), a.driver.running.has(id)]).toEqual([[PROVISIONING, STOPPING], true]);
    await a.catchUp();
    expect([phases(id), a.driver.running.has(id)]).toEqual([[STOPPED, STOPPING], false]);
    await b.catchUp();
    expect(phases(id)).toEqual([STOPPED, STOPPED]);
    expect([events(a).includes("sandbox.stopped"), events(b)]).toEqual([false, ["sandbox.stopped", "family.revoked"]]);
  });

  test("is done by the owner when it is back", async () => {
    const id = await made();
    await b.lifecycle.stop(id, user);
    a = await a.restart();
    expect(phases(id)).toEqual([STOPPING, STOPPING]);
    await a.lifecycle.resume();
    await b.catchUp();
    expect([phases(id), a.driver.running.size]).toEqual([[STOPPED, STOPPED], 0]);
    await a[Symbol.asyncDispose]();
  });

  test("where the owner's driver fails, the owner says why and tries again, and nobody shows it STOPPED before", async () => {
    const id = await made();
    a.driver.failing.set("stop", "engine gone");
    await b.lifecycle.stop(id, user);
    await a.catchUp();
    await b.catchUp();
    expect(phases(id)).toEqual([STOPPING, STOPPING]);
    expect(a.registry.find(id)?.ready.message).toContain("engine gone");
    a.driver.failing.clear();
    await a.keeper.look();
    await b.catchUp();
    expect(phases(id)).toEqual([STOPPED, STOPPED]);
  });

  test("where its tokens could not be ended the caller is told, and whoever comes first ends them", async () => {
    const id = await made();
    const failing = vi.spyOn(b.tokens, "revokeSandbox").mockRejectedValue(new Refusal("store-unavailable"));
    await expect(b.lifecycle.stop(id, user)).rejects.toMatchObject({ reason: "store-unavailable" });
    await b.lifecycle.idle();
    expect(await live(id)).toHaveLength(1);
    failing.mockRestore();
    await b.keeper.look();
    expect([await live(id), b.lifecycle.unsettled]).toEqual([[], []]);
  });

  test("after a start and a stop that the owner never saw, it is STOPPED again once the owner looked", async () => {
    const id = await stopped();
    await b.lifecycle.start(id, user);
    await b.lifecycle.stop(id, user);
    expect(phases(id)).toEqual([STOPPED, STOPPING]);
    await a.catchUp();
    await b.catchUp();
    expect([phases(id), calls(id)]).toEqual([[STOPPED, STOPPED], ["stop"]]);
  });

  test("that is taken back and said again while the owner's driver works ends STOPPED", async () => {
    const id = await made();
    const { setHalted } = replicas.store.sandboxes;
    vi.spyOn(replicas.store.sandboxes, "setHalted").mockImplementationOnce(async () => {
      await b.lifecycle.start(id, user);
      const refused = await setHalted(id);
      await b.lifecycle.stop(id, user);
      return refused;
    });
    await b.lifecycle.stop(id, user);
    await a.catchUp();
    await b.catchUp();
    expect([phases(id), a.driver.running.size, await live(id)]).toEqual([[STOPPED, STOPPED], 0, []]);
  });

  test("said again while it is not done, it ends the tokens again", async () => {
    const id = await made();
    await a.registry.wish(id, "stopped");
    expect(await live(id)).toHaveLength(1);
    await b.lifecycle.stop(id, user);
    expect(await live(id)).toEqual([]);
  });

  test("one whose end of tokens came late does not end those of a start that came since", async () => {
    const id = await made();
    const failing = vi.spyOn(b.tokens, "revokeSandbox").mockRejectedValue(new Refusal("store-unavailable"));
    await expect(b.lifecycle.stop(id, user)).rejects.toThrow();
    await b.lifecycle.idle();
    await a.catchUp();
    await a.lifecycle.start(id, user);
    await a.lifecycle.idle();
    failing.mockRestore();
    await b.keeper.look();
    expect([await live(id), b.lifecycle.unsettled]).toMatchObject([[{ revokedAt: undefined }], []]);
  });

  test("of a sandbox that is to have no token, nobody gets one: not its driver, not its keeper, before they know", async () => {
    const id = await made();
    await b.lifecycle.stop(id, user);
    await expect(a.lifecycle.renewToken(id)).rejects.toMatchObject({ reason: "state-conflict" });
    await a.lifecycle.idle();
    expect([await live(id), a.registry.find(id)?.phase]).toEqual([[], STOPPED]);
  });

  test("and the owner's keeper, which does not know of it yet, begins nothing and finds nothing wrong", async () => {
    const id = await made();
    await b.lifecycle.stop(id, user);
    expect(await a.lifecycle.mendToken(id)).toBe(false);
    expect(await live(id)).toEqual([]);
  });
});

describe("a start at a replica that does not run the sandbox", () => {
  test("is STARTING at once, and the owner gives it a new family and starts it", async () => {
    const id = await stopped();
    const old = fileOf(id);
    expect(await b.lifecycle.start(id, user)).toMatchObject({ phase: STARTING });
    await a.catchUp();
    expect(calls(id)).toEqual(["deliverToken", "start"]);
    expect([phases(id), a.driver.running.has(id)]).toEqual([[STARTING, STARTING], true]);
    expect(fileOf(id)).not.toBe(old);
    expect(await live(id)).toHaveLength(1);
    expect(events(b).at(-1)).toBe("sandbox.started");
  });

  test("counts what a third one stored a moment ago: the last wish that was answered is what becomes of it", async () => {
    const id = await made();
    await b.lifecycle.stop(id, user);
    await a.lifecycle.start(id, user);
    await a.lifecycle.idle();
    expect([await live(id), a.driver.running.has(id)]).toMatchObject([[{}], true]);
    expect(calls(id)).toEqual(["stop", "deliverToken", "start"]);
    await a.lifecycle.stop(id, user);
    expect(await b.lifecycle.start(id, user)).toMatchObject({ desired: "running" });
    await a.lifecycle.idle();
    await a.catchUp();
    expect([await live(id), a.driver.running.has(id)]).toMatchObject([[{}], true]);
  });

  test("after a stop that the owner never saw, all that ran is ended all the same", async () => {
    const id = await made();
    const old = fileOf(id);
    await b.lifecycle.stop(id, user);
    await b.lifecycle.start(id, user);
    await a.catchUp();
    expect(calls(id)).toEqual(["stop", "deliverToken", "start"]);
    expect(fileOf(id)).not.toBe(old);
    expect(await live(id)).toHaveLength(1);
  });

  test("after a stop whose teller crashed before it ended the tokens, the old ones are dead", async () => {
    const id = await made();
    const [old] = await live(id);
    await b.registry.wish(id, "stopped");
    await b.lifecycle.start(id, user);
    expect(await live(id)).toEqual([]);
    await a.catchUp();
    expect(await live(id)).toMatchObject([{ revokedAt: undefined }]);
    expect(await replicas.store.families.find(old!.familyId)).toMatchObject({ revokedFor: "sandbox-stopped" });
    expect(calls(id)).toContain("stop");
  });

  test("of one that runs changes nothing, here or there", async () => {
    const id = await made();
    const token = fileOf(id);
    await b.lifecycle.start(id, user);
    await a.catchUp();
    expect([fileOf(id), calls(id), events(b)]).toEqual([token, [], []]);
  });
});

describe("a deletion at a replica that does not run the sandbox", () => {
  test("ends its tokens at once, and the owner removes it; its name is free then", async () => {
    const id = await made();
    await b.lifecycle.remove(id, user);
    expect([b.registry.byId(id), b.registry.find(id)?.phase, await live(id)]).toEqual([undefined, DELETING, []]);
    await a.catchUp();
    expect([calls(id), a.registry.list(), await replicas.store.sandboxes.load()]).toEqual([["remove"], [], []]);
    await b.catchUp();
    expect(b.registry.list()).toEqual([]);
    const again = await a.made();
    await b.catchUp();
    expect(b.registry.byName("default", "a")?.id).toBe(again.id);
    a.driver.calls.length = 0;
  });

  test("where the owner is away it stays DELETING, nobody else does the owner's part, and its name stays taken", async () => {
    const id = await made();
    await b.lifecycle.remove(id, user);
    b.keeper.start();
    await replicas.clock.advance(3 * everyMs);
    await b.catchUp();
    expect([phases(id), b.lifecycle.unsettled]).toEqual([[PROVISIONING, DELETING], []]);
    await expect(b.made()).rejects.toMatchObject({ reason: "name-taken" });
    await expect(b.lifecycle.start(id, user)).rejects.toMatchObject({ reason: "state-conflict" });
    a = await a.restart();
    await a.lifecycle.resume();
    await b.catchUp();
    expect([b.registry.list(), a.driver.running.size, a.driver.files.size]).toEqual([[], 0, 0]);
    await a[Symbol.asyncDispose]();
  });

  test("at both at once, it is gone once", async () => {
    const id = await made();
    const told = [watched(a), watched(b)];
    await Promise.all([a.lifecycle.remove(id, user), b.lifecycle.remove(id, user)]);
    await a.catchUp();
    await b.catchUp();
    expect([a.registry.list(), b.registry.list(), await live(id)]).toEqual([[], [], []]);
    expect(calls(id).filter((call) => call === "remove")).toEqual(["remove"]);
    for (const seen of told) expect(seen.filter((kind) => kind === "removed")).toEqual(["removed"]);
  });

  test("where the wish could not be stored, it is stored later", async () => {
    const id = await made();
    const failing = vi
      .spyOn(replicas.store.sandboxes, "setDesired")
      .mockRejectedValue(new Refusal("store-unavailable"));
    await expect(b.lifecycle.remove(id, user)).rejects.toMatchObject({ reason: "store-unavailable" });
    expect(b.registry.find(id)?.phase).toBe(DELETING);
    failing.mockRestore();
    await b.keeper.look();
    expect(await replicas.store.sandboxes.load()).toMatchObject([{ desired: "deleted" }]);
    expect(b.lifecycle.unsettled).toEqual([]);
  });

  test("while the owner makes it: it ends up gone, with nothing left of it", async () => {
    const starting = Promise.withResolvers<void>();
    a.driver.held.set("start", starting.promise);
    const making = a.made();
    await expect.poll(() => a.driver.running.size + a.driver.calls.length).toBe(2);
    await b.catchUp();
    const [{ id } = { id: undefined as never }] = b.registry.list();
    await b.lifecycle.remove(id, user);
    await a.registry.follower.reload();
    starting.resolve();
    await making;
    await a.lifecycle.idle();
    await b.catchUp();
    expect([a.registry.list(), b.registry.list(), await live(id)]).toEqual([[], [], []]);
    expect([a.driver.running.size, a.driver.files.size]).toEqual([0, 0]);
  });

  test("before its first family: none can begin, and it is made and removed", async () => {
    const { insert } = replicas.store.sandboxes;
    vi.spyOn(replicas.store.sandboxes, "insert").mockImplementation(async (sandbox) => {
      const inserted = await insert(sandbox);
      await replicas.store.sandboxes.setDesired(sandbox.id, "deleted");
      return inserted;
    });
    await a.made();
    await a.lifecycle.idle();
    expect([a.driver.running.size, a.driver.files.size]).toEqual([0, 0]);
    expect([a.registry.list(), await replicas.store.families.load(0)]).toEqual([[], []]);
  });
});

describe("a stop that comes before the first family", () => {
  test("leaves the sandbox made, stopped and without a token", async () => {
    const { insert } = replicas.store.sandboxes;
    vi.spyOn(replicas.store.sandboxes, "insert").mockImplementation(async (sandbox) => {
      const inserted = await insert(sandbox);
      await replicas.store.sandboxes.setDesired(sandbox.id, "stopped");
      return inserted;
    });
    const { id } = await a.made();
    await a.lifecycle.idle();
    expect([a.registry.find(id)?.phase, a.driver.running.size, await live(id)]).toEqual([STOPPED, 0, []]);
  });
});

describe("tokens that are taken back at a replica that does not run the sandbox", () => {
  test("are followed by new ones from the owner, and what runs is left alone", async () => {
    const id = await made();
    a.keeper.start();
    const old = fileOf(id);
    const taken = await b.lifecycle.takeTokensBack(id, { renew: true }, user);
    expect(taken).toMatchObject({ families: [{ revokedFor: "operator" }], renews: true });
    expect(await live(id)).toEqual([]);
    await a.catchUp();
    await expect.poll(() => fileOf(id)).not.toBe(old);
    expect([calls(id), (await live(id)).length]).toEqual([["deliverToken"], 1]);
  });

  test("withheld, the owner gives none until it is started", async () => {
    const id = await made();
    a.keeper.start();
    await b.lifecycle.takeTokensBack(id, { renew: false }, user);
    await a.catchUp();
    await replicas.clock.advance(3 * everyMs);
    expect([calls(id), await live(id)]).toEqual([[], []]);
    expect(a.registry.find(id)?.ready.reason).toBe("TokenWithheld");
    await b.lifecycle.start(id, user);
    await a.catchUp();
    expect(calls(id)).toEqual(["deliverToken", "start"]);
    expect(await live(id)).toHaveLength(1);
  });

  test("are ended in the name of who wanted them back, though the owner learns of it first", async () => {
    const id = await made();
    const { setDesired } = replicas.store.sandboxes;
    vi.spyOn(replicas.store.sandboxes, "setDesired").mockImplementationOnce(async (...wish) => {
      const stored = await setDesired(...wish);
      await a.catchUp();
      return stored;
    });
    const { families } = await b.lifecycle.takeTokensBack(id, { renew: false }, user);
    expect(families).toHaveLength(1);
    expect(b.audited.at(-1)).toMatchObject({ event: "family.revoked", principal: "user:https://idp.example/ada" });
  });

  test("end all the same where who withheld them crashed before", async () => {
    const id = await made();
    await b.registry.wish(id, "withheld");
    await a.catchUp();
    expect(await live(id)).toHaveLength(1);
    await a.keeper.look();
    expect(await live(id)).toEqual([]);
  });
});

describe("a sandbox whose row is gone, though nobody deleted it", () => {
  test("has no tokens any more, wherever it is noticed first, and nothing of it runs on at its owner", async () => {
    const id = await made();
    await replicas.store.sandboxes.remove(id);
    await b.catchUp();
    expect([b.registry.list(), await live(id)]).toEqual([[], []]);
    await a.catchUp();
    expect([a.registry.list(), calls(id), a.driver.running.size]).toEqual([[], ["stop"], 0]);
    await expect(a.lifecycle.renewToken(id)).rejects.toMatchObject({ reason: "sandbox-missing" });
  });

  test("where its tokens cannot be ended, they are ended later", async () => {
    const id = await made();
    await replicas.store.sandboxes.remove(id);
    const failing = vi.spyOn(b.tokens, "revokeSandbox").mockRejectedValue(new Refusal("store-unavailable"));
    await b.catchUp();
    expect([await live(id), b.lifecycle.unsettled]).toMatchObject([[{ sandboxId: id }], [id]]);
    failing.mockRestore();
    await b.keeper.look();
    expect([await live(id), b.lifecycle.unsettled]).toEqual([[], []]);
  });

  test("before it was known to be gone, its owner begins no family for it", async () => {
    const id = await made();
    await replicas.store.sandboxes.remove(id);
    await replicas.store.families.revokeSandbox(id, "operator", replicas.clock.now());
    await expect(a.lifecycle.renewToken(id)).rejects.toMatchObject({ reason: "sandbox-missing" });
    await a.lifecycle.idle();
    expect([await live(id), a.registry.list(), a.driver.running.size]).toEqual([[], [], 0]);
  });
});

describe("watching at one replica", () => {
  test("ends when the sandbox was removed at another", async () => {
    const id = await made();
    const { name, workspace } = b.registry.find(id) ?? {};
    const logs = { subscribe: vi.fn(), tail: vi.fn() };
    const request = create(WatchSandboxRequestSchema, { id, followStatus: true });
    const sandbox = grantScope({ id, name: name ?? "", workspace: workspace ?? "" });
    const { signal } = new AbortController();
    const call = { sandbox, signal } as Parameters<ReturnType<typeof watchSandbox>>[1];
    const seen: unknown[] = [];
    const stream = watchSandbox({ registry: b.registry, logs })(request, call);
    const reading = (async () => {
      for await (const event of stream) {
        seen.push(event.payload?.case === "sandbox" && event.payload.value.status?.phase);
      }
    })();
    await a.lifecycle.remove(id, user);
    await b.catchUp();
    await reading;
    expect(seen).toEqual([PROVISIONING]);
  });

  test("shows what happens at another, each change once", async () => {
    const seen = watched(b);
    const { id } = await a.made();
    await b.catchUp();
    await b.catchUp();
    const { promise, resolve } = Promise.withResolvers<void>();
    a.driver.held.set("stop", promise);
    await a.lifecycle.stop(id, user);
    await b.catchUp();
    resolve();
    await a.lifecycle.idle();
    await b.catchUp();
    await a.lifecycle.start(id, user);
    await b.catchUp();
    await b.catchUp();
    b.registry.sessionElsewhere(id, "i");
    await a.lifecycle.remove(id, user);
    await b.catchUp();
    await b.catchUp();
    expect(seen).toEqual([PROVISIONING, STOPPING, STOPPED, STARTING, READY, "removed"]);
  });

  test("is not told of its own changes a second time", async () => {
    const { id } = await a.made();
    const seen = watched(a);
    await a.lifecycle.stop(id, user);
    await a.lifecycle.idle();
    const told = seen.length;
    await a.catchUp();
    expect([told, seen]).toEqual([2, [STOPPING, STOPPED]]);
  });
});

describe("with the store's own feed", () => {
  test("what is done at one replica is done at the other, and both say the same in the end", async () => {
    using _a = await a.follow();
    using _b = await b.follow();
    const { id } = await a.made();
    await expect.poll(() => b.registry.find(id)?.phase).toBe(PROVISIONING);
    b.registry.sessionElsewhere(id, "i");
    expect(b.registry.find(id)?.phase).toBe(READY);
    await b.lifecycle.stop(id, user);
    await expect.poll(() => phases(id)).toEqual([STOPPED, STOPPED]);
    await b.lifecycle.start(id, user);
    await expect.poll(() => phases(id)).toEqual([STARTING, STARTING]);
    await expect.poll(async () => fileOf(id) === (await a.tokens.currentToken(id))?.reveal()).toBe(true);
    await b.lifecycle.remove(id, user);
    await expect.poll(() => [a, b].map(({ registry }) => registry.list().length)).toEqual([0, 0]);
    expect([a.driver.running.size, a.driver.files.size, await live(id)]).toEqual([0, 0, []]);
  });
});
