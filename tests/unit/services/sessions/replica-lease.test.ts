import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { newSandboxId } from "../../../../src/core/ids.ts";
import { onEachDatabase, type TemporaryStore } from "../../../support/temporary-store.ts";
import { Replica } from "./replica-world.ts";

onEachDatabase("a replica's lease", (open) => {
  let database: TemporaryStore;
  let life: AsyncDisposableStack;

  beforeEach(async () => {
    life = new AsyncDisposableStack();
    database = life.use(await open());
  });
  afterEach(() => life.disposeAsync());

  const unstarted = (name: string) => life.use(new Replica(database.store.replicas, name));
  async function replica(name: string): Promise<Replica> {
    const it = unstarted(name);
    await it.start();
    return it;
  }
  async function registered(): Promise<string[]> {
    const rows = await database.query("select id, name from replicas order by name");
    return rows.map((row) => String(row["id"]));
  }
  const runOut = (name: string) => database.query(`update replicas set renewed_at = 0 where name = '${name}'`);
  const renewedAt = async () => (await database.query("select renewed_at from replicas"))[0]?.["renewed_at"];

  test("is taken before the replica serves, and a store that does not answer refuses the start", async () => {
    const a = unstarted("a");
    a.store.fail();
    await expect(a.start()).rejects.toMatchObject({ reason: "store-unavailable" });
    expect([await registered(), a.clock.waiting]).toEqual([[], 0]);
    a.store.heal();
    await a.start();
    expect(await registered()).toEqual([a.id]);
  });

  test("is renewed every two seconds, and never twice at the same time", async () => {
    const a = await replica("a");
    await runOut("a");
    await a.pass(2_000);
    expect(a.store.count("renew")).toBe(1);
    expect(Number(await renewedAt())).toBeGreaterThan(0);
    const release = a.store.hold("renew");
    await a.clock.advance(60_000);
    expect(a.store.count("renew")).toBe(2);
    release();
    await a.store.idle();
    await a.pass(2_000);
    expect(a.store.count("renew")).toBe(3);
  });

  test("is renewed sooner again where the store failed, and says so once", async () => {
    const a = await replica("a");
    a.store.fail();
    await a.pass(4_000);
    expect(a.store.count("renew")).toBeGreaterThanOrEqual(5);
    expect(a.warnings()).toEqual(["the replica's lease was not renewed, it is tried again"]);
    a.store.heal();
    await a.pass(2_000);
    expect(a.logged.at(-1)).toMatchObject({ level: "info", message: "the replica's lease is renewed again" });
    expect([await registered(), a.shared.problem()]).toEqual([[a.id], undefined]);
  });

  test("is renewed where the machine's clock was set", async () => {
    const a = await replica("a");
    a.clock.jump(-86_400_000);
    await a.pass(2_000);
    a.clock.jump(2 * 86_400_000);
    await a.pass(4_000);
    expect([a.warnings(), await registered(), a.shared.problem()]).toEqual([[], [a.id], undefined]);
  });

  test("is not lost by a replica that was late, as long as nobody has noticed", async () => {
    const a = await replica("a");
    await runOut("a");
    await a.wake();
    expect([a.shared.stats().leaseLosses, await registered()]).toEqual([0, [a.id]]);
  });

  test("that ran out is taken again, as often as that happens", async () => {
    const [a, b] = [await replica("a"), await replica("b")];
    for (let times = 1; times <= 3; times += 1) {
      await runOut("a");
      await b.pass(2_000);
      expect(await registered()).toEqual([b.id]);
      await a.wake();
      expect(await registered()).toEqual([a.id, b.id]);
      expect([a.shared.problem(), a.shared.stats().leaseLosses]).toEqual([undefined, times]);
    }
  });

  test("that ran out is taken again, and the sessions are recorded, although the store fails in between", async () => {
    const [a, b] = [await replica("a"), await replica("b")];
    const sandbox = newSandboxId();
    const { session } = a.connect(sandbox);
    await a.record();
    await runOut("a");
    await b.pass(2_000);
    const release = a.store.hold("register");
    a.clock.jump(60_000);
    await a.clock.advance(2_000);
    await expect.poll(() => a.store.count("register")).toBe(2);
    a.store.loseAnswers();
    release();
    await a.pass(5_000);
    a.store.heal();
    await a.pass(5_000);
    const found = await database.store.replicas.findSessions([sandbox]);
    expect(found).toMatchObject([{ sessionId: session.id, replica: { id: a.id } }]);
  });

  test("that a record finds lost is looked after at once", async () => {
    const [a, b] = [await replica("a"), await replica("b")];
    await runOut("a");
    await b.pass(2_000);
    a.clock.jump(60_000);
    a.connect(newSandboxId());
    await a.record();
    expect(a.store.count("renew")).toBe(1);
    expect(await registered()).toEqual([a.id, b.id]);
    expect(await database.store.replicas.loadSessions()).toHaveLength(1);
  });

  test("is given up when the replica is disposed of, which may be done twice", async () => {
    const a = await replica("a");
    await a.shared[Symbol.asyncDispose]();
    await a.shared[Symbol.asyncDispose]();
    expect([await registered(), a.clock.waiting, a.store.count("leave")]).toEqual([[], 0, 1]);
  });

  test("is given up only after what was under way, which could take it again", async () => {
    const a = await replica("a");
    const release = a.store.hold("renew");
    await a.clock.advance(2_000);
    const disposed = a.shared[Symbol.asyncDispose]();
    await a.clock.advance(1_000);
    expect(a.store.count("leave")).toBe(0);
    release();
    await disposed;
    expect([a.store.count("leave"), await registered(), a.clock.waiting]).toEqual([1, [], 0]);
  });

  test("is not waited for at the end where the store is gone", async () => {
    const a = await replica("a");
    const release = a.store.hold("leave");
    const disposed = a.shared[Symbol.asyncDispose]();
    await a.clock.advance(2_000);
    await disposed;
    expect(a.warnings()).toEqual(["the store did not answer in time when the replica left"]);
    release();
    await a.store.idle();
    expect(a.clock.waiting).toBe(0);
  });

  test("that cannot be given up because the store fails is no reason to fail", async () => {
    const a = await replica("a");
    a.store.fail();
    await a.shared[Symbol.asyncDispose]();
    expect(a.warnings()).toEqual(["the replica could not be taken off the store"]);
  });

  test("of a replica that never began is not given up", async () => {
    const a = unstarted("a");
    await a.shared[Symbol.asyncDispose]();
    expect(a.store.calls).toEqual([]);
  });

  describe("under a name that another process uses too", () => {
    const complaint = "another gateway uses the replica name 'a', and each needs one of its own";

    /** Lets the same time pass for both, in steps between which each meets what the other did. */
    async function together(ms: number, ...replicas: Replica[]): Promise<void> {
      for (let rest = ms; rest > 0; rest -= 500) for (const replica of replicas) await replica.pass(500);
    }

    test("is kept by the one that had it, and the newcomer is not ready and says why", async () => {
      const first = await replica("a");
      await first.pass(20_000);
      const second = await replica("a");
      await together(30_000, first, second);
      expect(await registered()).toEqual([first.id]);
      expect([first.shared.problem(), second.shared.problem()]).toEqual([undefined, complaint]);
      expect(second.logged.filter(({ level }) => level === "error")).toEqual([
        {
          ...{ level: "error", fields: { replica: "a" } },
          message: "two gateways use one replica name, and each needs one of its own",
        },
      ]);
      expect(first.store.count("register")).toBe(2);
    });

    test("is not fought for all the time, whichever process came when", async () => {
      const [first, second] = [await replica("a"), await replica("a")];
      await together(150_000, first, second);
      const registrations = first.store.count("register") + second.store.count("register");
      expect(registrations).toBeLessThanOrEqual(2 + 3 * 2);
      expect([first.shared.problem(), second.shared.problem()].filter(Boolean)).toHaveLength(1);
    });

    test("is the newcomer's at once where the other dies, and the trouble is over", async () => {
      const first = await replica("a");
      await first.pass(20_000);
      const second = await replica("a");
      const { session } = second.connect(newSandboxId());
      await together(6_000, first, second);
      expect(await database.store.replicas.loadSessions()).toEqual([]);
      first.kill();
      await runOut("a");
      await second.pass(4_000);
      expect(await registered()).toEqual([second.id]);
      expect(second.shared.problem()).toBe(complaint);
      await second.pass(12_000);
      expect(second.shared.problem()).toBeUndefined();
      expect(await database.store.replicas.loadSessions()).toMatchObject([{ sessionId: session.id }]);
    });

    test("is the newcomer's after a while where the other leaves", async () => {
      const first = await replica("a");
      await first.pass(20_000);
      const second = await replica("a");
      await together(6_000, first, second);
      await first.shared[Symbol.asyncDispose]();
      await second.pass(75_000);
      expect([await registered(), second.shared.problem()]).toEqual([[second.id], undefined]);
    });

    test("is left to its successor by a gateway that drains", async () => {
      const first = await replica("a");
      await first.pass(20_000);
      first.shared.retire();
      const second = await replica("a");
      await together(30_000, first, second);
      expect([await registered(), second.shared.problem(), first.shared.problem()]).toEqual([
        [second.id],
        undefined,
        undefined,
      ]);
      await first.shared[Symbol.asyncDispose]();
      expect(await registered()).toEqual([second.id]);
    });

    test("is a successor's at once where the one before did not leave", async () => {
      const first = await replica("a");
      first.connect(newSandboxId());
      await first.record();
      first.kill();
      const second = await replica("a");
      expect([await registered(), await database.store.replicas.loadSessions()]).toEqual([[second.id], []]);
      await second.pass(30_000);
      expect([second.warnings(), second.shared.problem()]).toEqual([[], undefined]);
    });
  });
});
