import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { SandboxPhase } from "../../../../gen/openshell/v1/sandboxes_pb.ts";
import { newSandboxId } from "../../../../src/core/ids.ts";
import { userPrincipal } from "../../../support/principals.ts";
import { everyMs, newSandbox, type SandboxWorld, sandboxWorld, specOf } from "../../../support/sandbox-world.ts";
import { partsOf } from "../../../support/tokens.ts";

let world: SandboxWorld;
const user = userPrincipal();

beforeEach(async () => {
  world = await sandboxWorld();
});
afterEach(() => world[Symbol.asyncDispose]());

/** The world as a new gateway finds it. */
async function restart(): Promise<void> {
  world = await world.restart();
}

describe("creating", () => {
  test("a sandbox is stored, gets its token and then its supervisor, and is PROVISIONING", async () => {
    const { id, phase, ready } = await world.made({
      spec: specOf({ command: ["sleep", "9"], environment: { A: "1" } }),
    });
    expect(phase).toBe(SandboxPhase.PROVISIONING);
    expect(ready).toMatchObject({ status: false, reason: "DependenciesNotReady" });
    expect(world.driver.calls).toEqual([`deliverToken ${id}`, `start ${id}`]);
    expect(world.driver.running.get(id)).toMatchObject({ name: "a", command: ["sleep", "9"], environment: { A: "1" } });
    expect(partsOf(world.driver.files.get(id)!).payload).toMatchObject({ sandbox_id: id });
    expect(world.audited.map(({ event }) => event)).toEqual(["token.issued", "sandbox.created"]);
  });

  test("a sandbox's own variables win over its template's", async () => {
    const spec = specOf({ environment: { A: "own" }, template: { environment: { A: "template", B: "b" } } });
    const { id } = await world.made({ spec });
    expect(world.driver.running.get(id)?.environment).toEqual({ A: "own", B: "b" });
  });

  test("a sandbox that pulls its token is delivered none", async () => {
    world.driver.delivery = "pull";
    const { id } = await world.made();
    expect(world.driver.calls).toEqual([`start ${id}`]);
    expect(await world.tokens.currentToken(id)).toBeUndefined();
  });

  test("what the driver cannot run is refused before anything is stored", async () => {
    world.driver.failing.set("validate", "spec.tty: this driver has no terminals");
    await expect(world.made()).rejects.toMatchObject({ reason: "request-invalid", message: /no terminals/ });
    expect([world.registry.list(), world.driver.calls]).toEqual([[], []]);
  });

  test("a name that is taken is refused, and the sandbox that has it goes on", async () => {
    const first = await world.made();
    await expect(world.made()).rejects.toMatchObject({ reason: "name-taken" });
    expect(world.registry.list().map(({ id }) => id)).toEqual([first.id]);
    expect(world.driver.running.size).toBe(1);
  });

  test.each(["deliverToken", "start"] as const)(
    "where %s fails, all is undone and the name is free",
    async (method) => {
      world.driver.failing.set(method, "no space left on device");
      const failed = expect(world.made()).rejects;
      await failed.toMatchObject({
        reason: "state-conflict",
        message: expect.stringContaining("no space left on device"),
      });
      expect(world.registry.list()).toEqual([]);
      expect(world.driver.files.size).toBe(0);
      expect(await world.store.families.load(0)).toMatchObject([{ revokedFor: "sandbox-deleted" }]);

      world.driver.failing.clear();
      await expect(world.made()).resolves.toMatchObject({ name: "a" });
    },
  );

  test("where undoing fails too, the sandbox is DELETING and goes as soon as it can", async () => {
    world.driver.failing.set("start", "engine gone").set("remove", "engine gone");
    await expect(world.made()).rejects.toMatchObject({ reason: "state-conflict" });
    expect(world.registry.list()).toMatchObject([{ phase: SandboxPhase.DELETING }]);

    world.driver.failing.clear();
    await world.keeper.look();
    expect(world.registry.list()).toEqual([]);
  });

  test("what else is kept of a sandbox begins before it, and ends where it is not made", async () => {
    await world[Symbol.asyncDispose]();
    const said: string[] = [];
    world = await sandboxWorld({
      belongings: [
        {
          begin: async (id, { name }) => void said.push(`begin ${name} ${world.registry.find(id)}`),
          end: async () => void said.push("end"),
        },
      ],
    });
    await world.made();
    await expect(world.made()).rejects.toMatchObject({ reason: "name-taken" });
    expect(said).toEqual(["begin a undefined", "begin a undefined", "end"]);
  });
});

describe("deleting", () => {
  test("tokens end, then the supervisor, then the record; the name is free for another sandbox", async () => {
    const { id } = await world.made();
    await world.lifecycle.remove(id, user);
    expect(world.registry.find(id)).toBeUndefined();
    expect([world.driver.running.size, world.driver.files.size]).toEqual([0, 0]);
    expect(await world.tokens.currentToken(id)).toBeUndefined();
    expect(world.audited.at(-1)).toMatchObject({ event: "sandbox.deleted", sandboxId: id });
    const second = await world.made();
    expect(second.id).not.toBe(id);
  });

  test("the guard does not know it any more, and its tokens have ended, while the driver still works", async () => {
    const { id } = await world.made();
    const driver = Promise.withResolvers<void>();
    world.driver.held.set("remove", driver.promise);
    const removing = world.lifecycle.remove(id, user);
    expect(world.registry.byId(id)).toBeUndefined();
    expect(world.registry.byName("default", "a")).toBeUndefined();
    await expect.poll(() => world.tokens.currentToken(id)).toBeUndefined();
    expect(world.registry.find(id)?.phase).toBe(SandboxPhase.DELETING);
    driver.resolve();
    await removing;
  });

  test("deleting twice at once, or what is not there, does no harm", async () => {
    const { id } = await world.made();
    await Promise.all([world.lifecycle.remove(id, user), world.lifecycle.remove(id, user)]);
    await world.lifecycle.remove(newSandboxId(), user);
    expect(world.registry.list()).toEqual([]);
  });

  test("where the driver fails the deletion stands, and is finished by the keeper", async () => {
    const { id } = await world.made();
    world.driver.failing.set("remove", "engine gone");
    await world.lifecycle.remove(id, user);
    expect(world.registry.find(id)).toMatchObject({
      phase: SandboxPhase.DELETING,
      ready: { message: "the compute driver scripted failed: engine gone" },
    });
    await world.keeper.look();
    expect(world.registry.find(id)).toBeDefined();

    world.driver.failing.clear();
    await world.keeper.look();
    expect(world.registry.find(id)).toBeUndefined();
  });

  test("a deletion that a crash interrupted is finished at the next start", async () => {
    const { id } = await world.made();
    world.driver.failing.set("remove", "engine gone");
    await world.lifecycle.remove(id, user);
    world.driver.failing.clear();
    await restart();
    expect(world.registry.byId(id)).toBeUndefined();
    await world.lifecycle.resume();
    expect(await world.store.sandboxes.load()).toEqual([]);
    expect(world.driver.running.size).toBe(0);
  });

  test("a sandbox that is deleted while it is being started ends up gone", async () => {
    const starting = Promise.withResolvers<void>();
    world.driver.held.set("start", starting.promise);
    const making = world.made();
    await expect.poll(() => world.driver.calls.some((call) => call.startsWith("start"))).toBe(true);
    const [{ id } = { id: newSandboxId() }] = world.registry.list();
    const removing = world.lifecycle.remove(id, user);
    starting.resolve();
    await Promise.allSettled([making, removing]);
    expect(world.registry.list()).toEqual([]);
    expect([world.driver.running.size, world.driver.files.size]).toEqual([0, 0]);
    expect(await world.tokens.currentToken(id)).toBeUndefined();
  });
});

describe("renewing for a driver", () => {
  test("a new family takes the place of the old one, in the file too", async () => {
    const { id } = await world.made();
    const before = world.driver.files.get(id)!;
    await world.lifecycle.renewToken(id);
    expect(world.driver.files.get(id)?.equals(before)).toBe(false);
    expect(world.driver.files.get(id)?.equals((await world.tokens.currentToken(id))!)).toBe(true);
  });

  test("a sandbox that is being deleted gets none, and its driver is told at once", async () => {
    const { id } = await world.made();
    // As a driver does that waits, while it removes a sandbox, for the restart that is under way.
    const refused = Promise.withResolvers<unknown>();
    world.driver.held.set("remove", refused.promise);
    const removing = world.lifecycle.remove(id, user);
    await expect.poll(() => world.driver.calls).toContain(`remove ${id}`);
    world.lifecycle.renewToken(id).catch(refused.resolve);
    expect(await refused.promise).toMatchObject({ reason: "sandbox-missing" });
    await removing;
    expect(await world.tokens.currentToken(id)).toBeUndefined();
  });

  test("a sandbox that never was gets none", async () => {
    await expect(world.lifecycle.renewToken(newSandboxId())).rejects.toMatchObject({ reason: "sandbox-missing" });
  });

  test("many at once leave one live family, and its token in the file", async () => {
    const { id } = await world.made();
    await Promise.all(Array.from({ length: 5 }, () => world.lifecycle.renewToken(id)));
    expect(await world.store.families.ofSandbox(id)).toHaveLength(1);
    expect(world.driver.files.get(id)?.equals((await world.tokens.currentToken(id))!)).toBe(true);
  });

  test("one that dies on and on is not renewed as fast as it dies, and keeps what it has", async () => {
    const { id } = await world.made();
    for (let death = 0; death < 5; death += 1) await world.lifecycle.renewToken(id);
    const token = world.driver.files.get(id)!;
    await expect(world.lifecycle.renewToken(id)).rejects.toMatchObject({ reason: "rate-limited" });
    expect((await world.tokens.currentToken(id))?.equals(token)).toBe(true);
  });

  test("a supervisor that ended by itself is the sandbox's condition, until its next session", async () => {
    const { id } = await world.made();
    world.lifecycle.observe({ kind: "exited", sandboxId: id, detail: "exit code 1", willRestartInMs: 500 });
    expect(world.registry.find(id)).toMatchObject({
      phase: SandboxPhase.PROVISIONING,
      ready: { reason: "SupervisorExited", message: "the supervisor ended: exit code 1" },
    });
    world.registry.sessionStarted(id, "i");
    expect(world.registry.find(id)?.ready.reason).toBe("SupervisorConnected");
  });
});

describe("resuming after a restart", () => {
  test("every sandbox is started again, with the token of its family", async () => {
    const { id } = await world.made();
    const token = world.driver.files.get(id)!;
    await restart();
    world.driver.calls.length = 0;
    await world.lifecycle.resume();
    expect(world.driver.calls).toEqual([`start ${id}`]);
    expect(world.driver.files.get(id)?.equals(token)).toBe(true);
    expect(world.registry.find(id)?.phase).toBe(SandboxPhase.PROVISIONING);
  });

  test("a file that a crash left behind its family is mended before the supervisor starts", async () => {
    const { id } = await world.made();
    const old = world.driver.files.get(id)!;
    await world.lifecycle.renewToken(id);
    const current = world.driver.files.get(id)!;
    world.driver.files.set(id, old);
    await restart();
    world.driver.calls.length = 0;
    await world.lifecycle.resume();
    expect(world.driver.calls).toEqual([`deliverToken ${id}`, `start ${id}`]);
    expect(world.driver.files.get(id)?.equals(current)).toBe(true);
  });

  test("a file that is gone is written again", async () => {
    const { id } = await world.made();
    world.driver.files.clear();
    await restart();
    await world.lifecycle.resume();
    expect(world.driver.files.has(id)).toBe(true);
  });

  test("a sandbox whose token ran out meanwhile gets a new family", async () => {
    const { id } = await world.made();
    const old = world.driver.files.get(id)!;
    world.clock.jump(3 * 3_600_000);
    await restart();
    await world.lifecycle.resume();
    expect(world.driver.files.get(id)?.equals(old)).toBe(false);
    expect(world.audited).toContainEqual(expect.objectContaining({ event: "token.issued", reason: "started" }));
  });

  test("a sandbox that was stored, and no more, before the crash is started", async () => {
    await world.registry.add(newSandboxId(), newSandbox());
    await restart();
    await world.lifecycle.resume();
    expect([world.driver.running.size, world.driver.files.size]).toEqual([1, 1]);
  });

  test("one that cannot be started says why, keeps no other from it, and is tried again", async () => {
    const [a, b] = [await world.made({ name: "a" }), await world.made({ name: "b" })];
    world.driver.running.clear();
    await restart();
    world.driver.failing.set("start", "engine gone");
    await world.lifecycle.resume();
    for (const { id } of [a, b]) {
      expect(world.registry.find(id)).toMatchObject({
        phase: SandboxPhase.PROVISIONING,
        ready: { reason: "Retrying", message: "the compute driver scripted failed: engine gone" },
      });
    }
    world.driver.failing.clear();
    world.keeper.start();
    await world.clock.advance(everyMs);
    await expect.poll(() => world.driver.running.size).toBe(2);
    await expect.poll(() => world.registry.find(a.id)?.ready.reason).toBe("DependenciesNotReady");
  });
});
