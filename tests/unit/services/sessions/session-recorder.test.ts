import { afterEach, beforeEach, expect, test } from "vitest";
import { newSandboxId } from "../../../../src/core/ids.ts";
import { onEachDatabase, type TemporaryStore } from "../../../support/temporary-store.ts";
import { Replica, sandboxIds } from "./replica-world.ts";

onEachDatabase("recording sessions", (open) => {
  let database: TemporaryStore;
  let a: Replica;

  beforeEach(async () => {
    database = await open();
    a = new Replica(database.store.replicas, "a");
    await a.start();
  });
  afterEach(async () => {
    await a[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  });

  const stored = () => database.store.replicas.loadSessions();

  test("two thousand supervisors that come at once are few transactions, one at a time", async () => {
    const supervisors = sandboxIds(2_000).map((id) => a.connect(id));
    expect(a.sessions.stats().open).toBe(2_000);
    await a.record();
    expect(await stored()).toHaveLength(2_000);
    expect([a.store.count("record"), a.store.mostRecordsAtOnce]).toEqual([4, 1]);
    for (const supervisor of supervisors) supervisor.leave();
    await a.record();
    expect([await stored(), a.store.count("record")]).toEqual([[], 8]);
  });

  test("what comes while a transaction is under way goes into the next", async () => {
    a.connect(newSandboxId());
    const release = a.store.hold("record");
    await a.clock.advance(10);
    for (const id of sandboxIds(100)) a.connect(id);
    await a.clock.advance(5_000);
    expect(a.store.count("record")).toBe(1);
    release();
    await a.record();
    expect([(await stored()).length, a.store.count("record")]).toEqual([101, 2]);
  });

  test("a session begins although the store does not answer", () => {
    a.store.fail();
    expect(a.connect(newSandboxId()).session.send({})).toBe(true);
  });

  test("a sandbox whose session ended and whose next began in between has the next", async () => {
    const sandbox = newSandboxId();
    const first = a.connect(sandbox, "one");
    await a.record();
    first.leave();
    const second = a.connect(sandbox, "two");
    await a.record();
    expect(await stored()).toMatchObject([{ sessionId: second.session.id, instanceId: "two" }]);
    expect(a.store.count("record")).toBe(2);
  });

  test("a session that came and went in between is never written", async () => {
    a.connect(newSandboxId()).leave();
    await a.pass(1_000);
    expect([a.store.count("record"), await stored(), a.shared.stats().unrecorded]).toEqual([0, [], 0]);
  });

  test("a session that ends while it is written is closed afterwards", async () => {
    const supervisor = a.connect(newSandboxId());
    const release = a.store.hold("record");
    await a.clock.advance(10);
    supervisor.leave();
    release();
    await a.record();
    expect([await stored(), a.store.count("record")]).toEqual([[], 2]);
  });

  test("the earlier of two sessions is closed too where the later was never written", async () => {
    const sandbox = newSandboxId();
    a.connect(sandbox, "one");
    await a.record();
    a.store.fail();
    const second = a.connect(sandbox, "two");
    await a.pass(1_000);
    second.leave();
    a.store.heal();
    await a.pass(3_000);
    expect(await stored()).toEqual([]);
  });

  test("both of two sessions are closed where it is not known which of them was written", async () => {
    const sandbox = newSandboxId();
    a.connect(sandbox, "one");
    await a.record();
    a.store.loseAnswers();
    const second = a.connect(sandbox, "two");
    await a.pass(10);
    expect(await stored()).toMatchObject([{ instanceId: "two" }]);
    second.leave();
    a.store.heal();
    await a.pass(3_000);
    expect(await stored()).toEqual([]);
  });

  test("a session is written once, although it was not there when the store was read before", async () => {
    const sandbox = newSandboxId();
    a.connect(sandbox);
    const release = a.store.hold("findSessions");
    const learning = a.learn(sandbox);
    await expect.poll(() => a.store.count("findSessions")).toBe(1);
    await a.clock.advance(10);
    await expect.poll(stored).toHaveLength(1);
    release();
    await learning;
    await a.pass(1_000);
    expect(a.store.count("record")).toBe(1);
  });

  test("what failed is tried again with waits that grow, and no more once it worked", async () => {
    a.store.fail();
    a.connect(newSandboxId());
    await a.pass(30_000);
    const tries = a.store.count("record");
    expect(tries).toBeGreaterThan(14);
    expect(tries).toBeLessThan(45);
    expect(a.shared.stats().recordFailures).toBe(tries);
    a.store.heal();
    await a.pass(3_000);
    expect(a.store.count("record")).toBe(tries + 1);
    await a.pass(10_000);
    expect(a.store.count("record")).toBe(tries + 1);
    expect(a.logged).toContainEqual(
      expect.objectContaining({ level: "info", message: "sessions are recorded again", fields: { attempts: tries } }),
    );
  });

  test("after the replica has left nothing is written", async () => {
    a.connect(newSandboxId());
    await a.shared[Symbol.asyncDispose]();
    await a.pass(5_000);
    expect([a.store.count("record"), a.clock.waiting]).toEqual([0, 0]);
  });
});
