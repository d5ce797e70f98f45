import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { SandboxPhase } from "../../../../gen/openshell/v1/sandboxes_pb.ts";
import { newSandboxId, type SandboxId } from "../../../../src/core/ids.ts";
import { Refusal } from "../../../../src/core/refusal.ts";
import type { SandboxEvent } from "../../../../src/services/sandboxes/index.ts";
import { userPrincipal } from "../../../support/principals.ts";
import { everyMs, type SandboxWorld, sandboxWorld } from "../../../support/sandbox-world.ts";

const { PROVISIONING, READY, STARTING, STOPPED, STOPPING } = SandboxPhase;
const user = userPrincipal();

let world: SandboxWorld;
beforeEach(async () => {
  world = await sandboxWorld();
});
afterEach(async () => {
  await world.lifecycle[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

const phaseOf = (id: SandboxId) => world.registry.find(id)?.phase;
const fileOf = (id: SandboxId) => world.driver.files.get(id)?.reveal();
const liveFamilies = (id: SandboxId) => world.store.families.ofSandbox(id);
const settled = () => world.lifecycle.idle();
const events = () => world.audited.map(({ event }) => event);

async function madeAndReady(): Promise<SandboxId> {
  const { id } = await world.made();
  world.registry.sessionStarted(id, "i");
  return id;
}

async function stopped(): Promise<SandboxId> {
  const id = await madeAndReady();
  await world.lifecycle.stop(id, user);
  world.registry.sessionEnded(id);
  await settled();
  return id;
}

/** Holds a method of the driver until the returned function is called. */
function hold(method: "start" | "stop" | "deliverToken"): () => void {
  const { promise, resolve } = Promise.withResolvers<void>();
  world.driver.held.set(method, promise);
  return () => {
    world.driver.held.delete(method);
    resolve();
  };
}

const called = (call: string) => expect.poll(() => world.driver.calls).toContain(call);

describe("stopping", () => {
  test("the answer is STOPPING, and by then the wish and the end of the tokens are stored, whatever the driver does", async () => {
    const id = await madeAndReady();
    const release = hold("stop");
    expect(await world.lifecycle.stop(id, user)).toMatchObject({ phase: STOPPING, ready: { reason: "Stopping" } });
    expect(await world.store.sandboxes.load()).toMatchObject([{ desired: "stopped" }]);
    expect(await liveFamilies(id)).toEqual([]);
    expect([phaseOf(id), world.driver.running.has(id)]).toEqual([STOPPING, true]);
    release();
    await settled();
    expect([phaseOf(id), world.driver.running.has(id)]).toEqual([STOPPED, false]);
  });

  test("watchers see it STOPPING, then STOPPED, and nothing else", async () => {
    const id = await madeAndReady();
    const phases: (SandboxPhase | undefined)[] = [];
    world.registry.onChange(
      (event: SandboxEvent) => void (event.kind === "changed" && phases.push(event.record.phase)),
    );
    await world.lifecycle.stop(id, user);
    world.registry.sessionEnded(id);
    await settled();
    expect(phases.filter((phase, at) => phase !== phases[at - 1])).toEqual([STOPPING, STOPPED]);
  });

  test("it keeps its name, its files and its record, and guards still know it", async () => {
    const id = await stopped();
    expect(world.registry.byName("default", "a")?.id).toBe(id);
    expect(world.driver.calls).not.toContain(`remove ${id}`);
    await expect(world.made()).rejects.toMatchObject({ reason: "name-taken" });
  });

  test("it is audited once, with who did it", async () => {
    const id = await stopped();
    await world.lifecycle.stop(id, user);
    expect(world.audited.filter(({ event }) => event === "sandbox.stopped")).toEqual([
      { event: "sandbox.stopped", principal: "user:https://idp.example/ada", sandboxId: id },
    ]);
    expect(world.audited).toContainEqual(
      expect.objectContaining({ event: "family.revoked", sandboxId: id, reason: "sandbox-stopped" }),
    );
  });

  test("twice, or ten times at once, does no harm", async () => {
    const id = await madeAndReady();
    await Promise.all(Array.from({ length: 10 }, () => world.lifecycle.stop(id, user)));
    await settled();
    expect(await world.lifecycle.stop(id, user)).toMatchObject({ phase: STOPPED });
    expect(phaseOf(id)).toBe(STOPPED);
  });

  test("where the store is not there nothing is stopped, and the caller is told", async () => {
    const id = await madeAndReady();
    await world.store[Symbol.asyncDispose]();
    await expect(world.lifecycle.stop(id, user)).rejects.toMatchObject({ code: "unavailable" });
    expect([phaseOf(id), world.driver.running.has(id)]).toEqual([READY, true]);
    expect(events()).not.toContain("sandbox.stopped");
  });

  test("where the driver fails it stays STOPPING, says why, has no token, and is tried again", async () => {
    const id = await madeAndReady();
    world.driver.failing.set("stop", "engine gone");
    await world.lifecycle.stop(id, user);
    await settled();
    expect(world.registry.find(id)).toMatchObject({
      phase: STOPPING,
      ready: { message: "the compute driver scripted failed: engine gone" },
    });
    expect(await liveFamilies(id)).toEqual([]);
    world.driver.failing.clear();
    await world.keeper.look();
    expect(phaseOf(id)).toBe(STOPPED);
  });

  test("where its tokens could not be ended the caller is told, and it is stopped as soon as they can", async () => {
    const id = await stopped();
    const release = hold("start");
    world.driver.calls.length = 0;
    await world.lifecycle.start(id, user);
    await called(`start ${id}`);
    const { revokeSandbox } = world.tokens;
    const failing = vi.spyOn(world.tokens, "revokeSandbox").mockRejectedValue(new Refusal("store-unavailable"));
    await expect(world.lifecycle.stop(id, user)).rejects.toMatchObject({ reason: "store-unavailable" });
    release();
    await settled();
    expect([phaseOf(id), world.driver.running.has(id)]).toEqual([STOPPING, true]);
    failing.mockImplementation(revokeSandbox);
    await world.keeper.look();
    expect([phaseOf(id), world.driver.running.has(id), await liveFamilies(id)]).toEqual([STOPPED, false, []]);
  });

  test("a sandbox that is being deleted, or is gone, cannot be stopped", async () => {
    const id = await madeAndReady();
    const { promise, resolve } = Promise.withResolvers<void>();
    world.driver.held.set("remove", promise);
    const removing = world.lifecycle.remove(id, user);
    await expect(world.lifecycle.stop(id, user)).rejects.toMatchObject({
      reason: "state-conflict",
      message: "sandbox 'a' is being deleted",
    });
    resolve();
    await removing;
    await expect(world.lifecycle.stop(id, user)).rejects.toMatchObject({ reason: "sandbox-missing" });
    await expect(world.lifecycle.stop(newSandboxId(), user)).rejects.toMatchObject({ reason: "sandbox-missing" });
    expect(await world.store.sandboxes.load()).toEqual([]);
  });

  test("a supervisor that says hello too late is refused, and makes nothing ready", async () => {
    const id = await stopped();
    expect(() => world.registry.sessionStarted(id, "i")).toThrow("the sandbox was stopped");
    expect(phaseOf(id)).toBe(STOPPED);
  });

  test("a supervisor that ends because it was stopped is no trouble", async () => {
    const id = await madeAndReady();
    const release = hold("stop");
    await world.lifecycle.stop(id, user);
    world.lifecycle.observe({ kind: "exited", sandboxId: id, detail: "exit code 16", willRestartInMs: 500 });
    expect(world.registry.find(id)?.ready).toMatchObject({ reason: "Stopping", message: "being stopped" });
    release();
  });

  test("a stopped sandbox is deleted as any other", async () => {
    const id = await stopped();
    await world.lifecycle.remove(id, user);
    expect(world.registry.list()).toEqual([]);
    expect(world.driver.files.size).toBe(0);
  });

  test("one that is stopped while it is being made is made, and stopped", async () => {
    const release = hold("deliverToken");
    const making = world.made();
    await expect.poll(() => world.driver.calls).toHaveLength(1);
    const [{ id } = { id: newSandboxId() }] = world.registry.list();
    await world.lifecycle.stop(id, user);
    expect(await liveFamilies(id)).toEqual([]);
    release();
    await making;
    await settled();
    expect([phaseOf(id), world.driver.running.size]).toEqual([STOPPED, 0]);
    expect(world.driver.calls).not.toContain(`start ${id}`);
  });
});

describe("while a sandbox is stopped", () => {
  test("a driver gets no token for it, and is told at once, even while it is being stopped", async () => {
    const id = await madeAndReady();
    const refused = Promise.withResolvers<unknown>();
    world.driver.held.set("stop", refused.promise);
    await world.lifecycle.stop(id, user);
    await called(`stop ${id}`);
    world.lifecycle.renewToken(id).catch(refused.resolve);
    expect(await refused.promise).toMatchObject({
      reason: "state-conflict",
      message: /^sandbox .a. gets no token: it is stopped/,
    });
    await settled();
    await expect(world.lifecycle.renewToken(id)).rejects.toMatchObject({ reason: "state-conflict" });
    await expect(world.lifecycle.mendToken(id)).rejects.toMatchObject({ reason: "state-conflict" });
    expect(await liveFamilies(id)).toEqual([]);
  });

  test("the keeper gives it none, though its token runs out or a family of it was stolen", async () => {
    const id = await stopped();
    const calls = world.driver.calls.length;
    world.keeper.start();
    await world.clock.advance(3_600_000 + 3 * everyMs);
    await world.keeper.look();
    expect(await liveFamilies(id)).toEqual([]);
    expect(world.driver.calls).toHaveLength(calls);
    expect(phaseOf(id)).toBe(STOPPED);
  });

  test("a new gateway leaves it stopped, and ends what of it still runs", async () => {
    const id = await stopped();
    world.driver.running.set(id, { id } as never);
    world = await world.restart();
    expect(phaseOf(id)).toBe(STOPPED);
    world.driver.calls.length = 0;
    await world.lifecycle.resume();
    expect([phaseOf(id), world.driver.running.size, world.driver.calls]).toEqual([STOPPED, 0, [`stop ${id}`]]);
    expect(await liveFamilies(id)).toEqual([]);
  });

  test.each(["the tokens", "the driver"])("a crash before %s is finished by the next gateway", async (before) => {
    const id = await madeAndReady();
    if (before === "the tokens") await world.registry.wish(id, "stopped");
    else {
      world.driver.failing.set("stop", "killed");
      await world.lifecycle.stop(id, user);
      await settled();
      world.driver.failing.clear();
    }
    world = await world.restart();
    await world.lifecycle.resume();
    expect([phaseOf(id), world.driver.running.size, await liveFamilies(id)]).toEqual([STOPPED, 0, []]);
  });
});

describe("starting", () => {
  test("the answer is STARTING; a new family is delivered, then the supervisor starts, and its hello makes it READY", async () => {
    const id = await stopped();
    const old = fileOf(id);
    world.driver.calls.length = 0;
    expect(await world.lifecycle.start(id, user)).toMatchObject({ phase: STARTING });
    await settled();
    expect(world.driver.calls).toEqual([`deliverToken ${id}`, `start ${id}`]);
    expect(fileOf(id)).not.toBe(old);
    expect(fileOf(id)).toBe((await world.tokens.currentToken(id))?.reveal());
    expect(await liveFamilies(id)).toHaveLength(1);
    expect(phaseOf(id)).toBe(STARTING);
    world.registry.sessionStarted(id, "i");
    expect(phaseOf(id)).toBe(READY);
    world.registry.sessionEnded(id);
    expect(phaseOf(id)).toBe(PROVISIONING);
    expect(world.audited.at(-1)).toMatchObject({ event: "token.issued", reason: "started" });
    expect(events()).toContain("sandbox.started");
  });

  test("one that runs is left as it is: no new family, no audit", async () => {
    const id = await madeAndReady();
    const token = fileOf(id);
    const before = [...events()];
    expect(await world.lifecycle.start(id, user)).toMatchObject({ phase: READY });
    await settled();
    expect([fileOf(id), events()]).toEqual([token, before]);
  });

  test("where the driver fails the wish stands: it stays STARTING, says why, and is tried again", async () => {
    const id = await stopped();
    world.driver.failing.set("start", "engine gone");
    await world.lifecycle.start(id, user);
    await settled();
    expect(world.registry.find(id)).toMatchObject({ phase: STARTING, ready: { reason: "Retrying" } });
    world.driver.failing.clear();
    await world.keeper.look();
    expect(world.driver.running.has(id)).toBe(true);
    expect(await liveFamilies(id)).toHaveLength(1);
  });

  test("a crash after the wish is finished by the next gateway", async () => {
    const id = await stopped();
    await world.registry.wish(id, "running");
    world = await world.restart();
    await world.lifecycle.resume();
    expect(world.driver.running.has(id)).toBe(true);
    expect(await liveFamilies(id)).toHaveLength(1);
  });

  test("one that is started before it has stopped is ended first, and gets no token that was there before", async () => {
    const id = await madeAndReady();
    const old = fileOf(id);
    const release = hold("stop");
    await world.lifecycle.stop(id, user);
    await called(`stop ${id}`);
    const before = world.driver.calls.length;
    expect(await world.lifecycle.start(id, user)).toMatchObject({ phase: STARTING });
    await expect(world.lifecycle.renewToken(id)).rejects.toMatchObject({ reason: "state-conflict" });
    expect(world.driver.calls).toHaveLength(before);
    release();
    await settled();
    expect(world.driver.calls.slice(before, before + 2)).toEqual([`deliverToken ${id}`, `start ${id}`]);
    expect(world.driver.running.has(id)).toBe(true);
    expect(fileOf(id)).not.toBe(old);
    expect(await liveFamilies(id)).toHaveLength(1);
  });

  test("a sandbox that is gone, or going, cannot be started", async () => {
    const id = await stopped();
    world.driver.failing.set("remove", "engine gone");
    await world.lifecycle.remove(id, user);
    await expect(world.lifecycle.start(id, user)).rejects.toMatchObject({ reason: "state-conflict" });
    await expect(world.lifecycle.start(newSandboxId(), user)).rejects.toMatchObject({ reason: "sandbox-missing" });
    expect(await liveFamilies(id)).toEqual([]);
  });

  test("a sandbox that pulls its token is started without one", async () => {
    world.driver.delivery = "pull";
    const id = await stopped();
    await world.lifecycle.start(id, user);
    await settled();
    expect(world.driver.running.has(id)).toBe(true);
    expect(await world.tokens.currentToken(id)).toBeUndefined();
  });
});

describe("taking tokens back", () => {
  test("the families that were live end in the administrator's name, and a new one is delivered", async () => {
    const id = await madeAndReady();
    const [family] = await liveFamilies(id);
    const old = fileOf(id);
    const { families, renews } = await world.lifecycle.takeTokensBack(id, { renew: true }, user);
    expect(families).toMatchObject([{ familyId: family!.familyId, revokedFor: "operator" }]);
    expect(renews).toBe(true);
    await settled();
    expect(fileOf(id)).not.toBe(old);
    expect(await liveFamilies(id)).toHaveLength(1);
    expect(world.driver.calls).not.toContain(`stop ${id}`);
    expect(world.audited).toContainEqual(
      expect.objectContaining({
        event: "family.revoked",
        principal: "user:https://idp.example/ada",
        familyId: family!.familyId,
        reason: "operator",
      }),
    );
  });

  test("withheld, it has none until it is started, whatever the keeper, the driver or a new gateway want", async () => {
    const id = await madeAndReady();
    world.keeper.start();
    const { renews } = await world.lifecycle.takeTokensBack(id, { renew: false }, user);
    world.registry.sessionEnded(id);
    expect(renews).toBe(false);
    expect(world.registry.find(id)).toMatchObject({ phase: PROVISIONING, ready: { reason: "TokenWithheld" } });
    await world.clock.advance(3 * everyMs);
    await expect(world.lifecycle.renewToken(id)).rejects.toMatchObject({ reason: "state-conflict" });
    expect(world.driver.calls).not.toContain(`stop ${id}`);
    world = await world.restart();
    await world.lifecycle.resume();
    expect(await liveFamilies(id)).toEqual([]);

    await world.lifecycle.start(id, user);
    await settled();
    expect(world.driver.calls.slice(-3)).toEqual([`stop ${id}`, `deliverToken ${id}`, `start ${id}`]);
    expect(await liveFamilies(id)).toHaveLength(1);
  });

  test("done again with a new one, what was withheld is given, and what runs is left alone", async () => {
    const id = await madeAndReady();
    await world.lifecycle.takeTokensBack(id, { renew: false }, user);
    const { families, renews } = await world.lifecycle.takeTokensBack(id, { renew: true }, user);
    await settled();
    expect([families, renews]).toEqual([[], true]);
    expect(fileOf(id)).toBe((await world.tokens.currentToken(id))?.reveal());
    expect(world.driver.calls).not.toContain(`stop ${id}`);
  });

  test.each([true, false])("a stopped sandbox stays stopped and gets none (renew %s)", async (renew) => {
    const id = await stopped();
    expect(await world.lifecycle.takeTokensBack(id, { renew }, user)).toEqual({ families: [], renews: false });
    await settled();
    expect([phaseOf(id), await liveFamilies(id)]).toEqual([STOPPED, []]);
  });

  test("a sandbox that is gone, or going, has nothing to take", async () => {
    const id = await madeAndReady();
    world.driver.failing.set("remove", "engine gone");
    await world.lifecycle.remove(id, user);
    await expect(world.lifecycle.takeTokensBack(id, { renew: true }, user)).rejects.toMatchObject({
      reason: "state-conflict",
    });
    await expect(world.lifecycle.takeTokensBack(newSandboxId(), { renew: true }, user)).rejects.toMatchObject({
      reason: "sandbox-missing",
    });
    expect(await liveFamilies(id)).toEqual([]);
  });

  test("one family that an administrator ended is followed by another at once", async () => {
    const id = await madeAndReady();
    world.keeper.start();
    const [family] = await liveFamilies(id);
    await world.tokens.revokeFamily(family!.familyId, "operator", "user:x");
    await expect.poll(async () => (await liveFamilies(id)).length).toBe(1);
    await expect.poll(async () => fileOf(id)).toBe((await world.tokens.currentToken(id))?.reveal());
  });
});
