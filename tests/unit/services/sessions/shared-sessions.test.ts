import { afterEach, beforeEach, expect, test } from "vitest";
import { newSandboxId, type SandboxId } from "../../../../src/core/ids.ts";
import { grantScope } from "../../../../src/core/scoped-sandbox.ts";
import { onEachDatabase, type TemporaryStore } from "../../../support/temporary-store.ts";
import { Replica, sandboxIds } from "./replica-world.ts";

onEachDatabase("sessions over replicas", (open) => {
  let database: TemporaryStore;
  let life: AsyncDisposableStack;
  let a: Replica;
  let b: Replica;
  let sandbox: SandboxId;

  beforeEach(async () => {
    life = new AsyncDisposableStack();
    database = life.use(await open());
    [a, b] = [await replica("a"), await replica("b")];
    sandbox = newSandboxId();
  });
  afterEach(() => life.disposeAsync());

  async function replica(name: string): Promise<Replica> {
    const it = life.use(new Replica(database.store.replicas, name));
    await it.start();
    return it;
  }
  async function rows() {
    const stored = await database.store.replicas.loadSessions();
    return stored.map(({ sessionId, replica: { name } }) => `${name} ${sessionId}`);
  }
  /** As the database sees it, a replica has not renewed its lease for longer than it may. */
  const runOut = (name: string) => database.query(`update replicas set renewed_at = 0 where name = '${name}'`);

  test("a sandbox is ready wherever it is asked about, and nowhere when its session has ended (weakness 10)", async () => {
    const supervisor = a.connect(sandbox, "instance");
    await a.record();
    await b.learn(sandbox);
    expect(b.isReady(sandbox)).toBe(true);
    expect(b.shared.locate(sandbox)).toEqual({
      ...{ at: "elsewhere", sessionId: supervisor.session.id },
      replica: { id: a.id, name: "a", url: a.url },
    });
    expect(a.shared.locate(sandbox)).toEqual({ at: "here", session: supervisor.session });
    expect(b.shared.stats()).toMatchObject({ elsewhere: 1, replicas: ["a"] });

    supervisor.leave();
    await a.record();
    await Promise.all([a.learn(sandbox), b.learn(sandbox)]);
    expect([a.isReady(sandbox), b.isReady(sandbox)]).toEqual([false, false]);
    expect([a.shared.locate(sandbox), b.shared.locate(sandbox)]).toEqual([undefined, undefined]);
    expect(b.shared.stats()).toMatchObject({ elsewhere: 0, replicas: [] });
  });

  test("a replica that starts late knows the sessions of the others", async () => {
    a.connect(sandbox);
    await a.record();
    const late = await replica("late");
    await late.reload();
    expect(late.isReady(sandbox)).toBe(true);
  });

  test("sessions that began before the replica was registered are recorded when it is", async () => {
    const early = life.use(new Replica(database.store.replicas, "early"));
    const { session } = early.connect(sandbox);
    await early.pass(1_000);
    expect(await rows()).toEqual([]);
    await early.start();
    await early.record();
    expect(await rows()).toEqual([`early ${session.id}`]);
  });

  test("a replica follows the change feed", async () => {
    life.use(
      await database.store.feed.follow({
        reload: () => b.reload(),
        learn: (changes) => b.learn(...changes.flatMap((change) => (change.kind === "session" ? [change.id] : []))),
      }),
    );
    const supervisor = a.connect(sandbox);
    await a.record();
    await expect.poll(() => b.isReady(sandbox), { timeout: 10_000 }).toBe(true);
    supervisor.leave();
    await a.record();
    await expect.poll(() => b.isReady(sandbox), { timeout: 10_000 }).toBe(false);
  });

  test("what is told twice, late or of strangers changes nothing", async () => {
    const { session } = a.connect(sandbox);
    await a.record();
    const told = () => Promise.all([b.learn(sandbox, sandbox), b.reload(), b.learn(sandbox, newSandboxId())]);
    await told();
    await told();
    await Promise.all([a.learn(sandbox, sandbox), a.reload(), a.learn(sandbox)]);
    await a.pass(1_000);
    expect([a.readiness, b.readiness]).toEqual([["ready"], ["ready"]]);
    expect([a.store.count("record"), await rows()]).toEqual([1, [`a ${session.id}`]]);
  });

  test("an older answer that comes late does not hide a newer one", async () => {
    const supervisor = a.connect(sandbox);
    await a.record();
    const release = b.store.hold("findSessions");
    const first = b.learn(sandbox);
    await expect.poll(() => b.store.count("findSessions")).toBe(1);
    supervisor.leave();
    await a.record();
    const second = b.learn(sandbox);
    expect(await rows()).toEqual([]);
    release();
    await Promise.all([first, second]);
    expect(b.isReady(sandbox)).toBe(false);
  });

  test("a store that cannot be read fails the follower, and leaves what is known as it is", async () => {
    a.connect(sandbox);
    await a.record();
    await b.learn(sandbox);
    b.store.fail();
    await expect(b.learn(sandbox)).rejects.toMatchObject({ reason: "store-unavailable" });
    await expect(b.reload()).rejects.toMatchObject({ reason: "store-unavailable" });
    expect(b.isReady(sandbox)).toBe(true);
    b.store.heal();
    await b.learn(sandbox);
    expect(b.isReady(sandbox)).toBe(true);
  });

  test("a supervisor that connects to another replica ends its older session, and is never without one", async () => {
    const older = a.connect(sandbox, "one");
    await a.record();
    await b.learn(sandbox);
    const newer = b.connect(sandbox, "two");
    await b.record();
    await Promise.all([a.learn(sandbox), b.learn(sandbox)]);
    expect(await older.ending).toMatchObject({
      ...{ reason: "state-conflict", code: "failed_precondition" },
      message: "superseded by a newer session of this sandbox",
    });
    await Promise.all([a.record(), b.record()]);
    expect([a.readiness, b.readiness]).toEqual([["ready"], ["ready"]]);
    expect(b.sessions.get(sandbox)).toBe(newer.session);
    expect(await rows()).toEqual([`b ${newer.session.id}`]);
    expect([a.sessions.stats(), b.sessions.stats()]).toMatchObject([
      { open: 0, superseded: 1 },
      { open: 1, superseded: 0 },
    ]);
  });

  test("whoever reads the sandbox's log sees which replica's session took the place of another (weakness 25)", async () => {
    a.connect(sandbox, "one");
    await a.record();
    const { session } = b.connect(sandbox, "two");
    await b.record();
    await a.learn(sandbox);
    const query = { lines: 0, sinceMs: 0n, sources: ["gateway"], minLevel: "WARN" };
    const { lines } = a.logs.tail(grantScope({ id: sandbox, name: "a", workspace: "default" }), query);
    expect(lines).toMatchObject([
      {
        message: "supervisor session superseded",
        fields: { instance: "one", by_instance: "two", by_session: session.id, by_replica: "b" },
      },
    ]);
  });

  test("whoever looks for a sandbox's lines is told, once, which replica keeps them", async () => {
    const { session } = a.connect(sandbox, "one");
    await a.record();
    await b.learn(sandbox);
    await b.learn(sandbox);
    await b.reload();
    const query = { lines: 0, sinceMs: 0n, sources: [], minLevel: "" };
    const scope = grantScope({ id: sandbox, name: "a", workspace: "default" });
    expect(b.logs.tail(scope, query).lines).toMatchObject([
      {
        source: "gateway",
        message: "the supervisor is connected to replica a, which keeps its lines",
        fields: { replica: "a", instance: "one", session: session.id },
      },
    ]);
  });

  test("other sandboxes' sessions stay when one is superseded", async () => {
    const other = a.connect(newSandboxId());
    a.connect(sandbox);
    await a.record();
    b.connect(sandbox);
    await b.record();
    await a.reload();
    expect(a.sessions.list()).toEqual([other.session]);
  });

  test("a session that is not recorded yet is not ended by the older one's row, and ends that session", async () => {
    const older = a.connect(sandbox);
    await a.record();
    const newer = b.connect(sandbox);
    await b.learn(sandbox);
    expect(b.sessions.get(sandbox)).toBe(newer.session);
    await b.record();
    await a.learn(sandbox);
    expect(await older.ending).toMatchObject({ reason: "state-conflict" });
    expect(b.sessions.get(sandbox)).toBe(newer.session);
  });

  test("an older session's row says nothing of a sandbox that has a session here, until that has ended", async () => {
    a.connect(sandbox, "older");
    await a.record();
    const newer = b.connect(sandbox, "newer");
    await Promise.all([b.learn(sandbox), b.reload()]);
    expect(b.instances.get(sandbox)).toBe("newer");
    newer.leave();
    expect([b.instances.get(sandbox), b.isReady(sandbox)]).toEqual(["older", true]);
    expect(b.shared.locate(sandbox)).toMatchObject({ at: "elsewhere", replica: { name: "a" } });
    await b.record();
    expect([b.isReady(sandbox), b.store.count("record")]).toEqual([true, 0]);
  });

  test("a row that was read before a session was recorded does not end that session", async () => {
    a.connect(sandbox);
    await a.record();
    const newer = b.connect(sandbox);
    const release = b.store.hold("findSessions");
    const learning = b.learn(sandbox);
    await expect.poll(() => b.store.count("findSessions")).toBe(1);
    await b.clock.advance(10);
    await expect.poll(rows).toEqual([`b ${newer.session.id}`]);
    release();
    await learning;
    expect(b.sessions.get(sandbox)).toBe(newer.session);
  });

  test("a session that another replaced here while the row was read is not ended for the older one's sake", async () => {
    a.connect(sandbox, "one");
    await a.record();
    b.connect(sandbox, "two");
    await b.record();
    const release = a.store.hold("findSessions");
    const learning = a.learn(sandbox);
    await expect.poll(() => a.store.count("findSessions")).toBe(1);
    const newest = a.connect(sandbox, "three");
    release();
    await learning;
    await a.record();
    await b.learn(sandbox);
    expect([a.sessions.get(sandbox), b.sessions.get(sandbox)]).toEqual([newest.session, undefined]);
  });

  test("where the older session is recorded last, one more hello settles it", async () => {
    const stale = a.connect(sandbox, "stale");
    const newer = b.connect(sandbox, "newer");
    await b.record();
    await a.record();
    await Promise.all([a.learn(sandbox), b.learn(sandbox)]);
    expect(await newer.ending).toMatchObject({ reason: "state-conflict" });
    const again = b.connect(sandbox, "newer");
    await b.record();
    for (let turn = 0; turn < 5; turn += 1) {
      await Promise.all([a.learn(sandbox), b.learn(sandbox)]);
      await Promise.all([a.pass(100), b.pass(100)]);
    }
    expect(await stale.ending).toMatchObject({ reason: "state-conflict" });
    expect(b.sessions.get(sandbox)).toBe(again.session);
    expect(await rows()).toEqual([`b ${again.session.id}`]);
  });

  test("a replica that dies leaves nothing ready once its lease has run out, and a survivor sees to it", async () => {
    a.connect(sandbox);
    await a.record();
    await b.learn(sandbox);
    a.kill();
    await b.pass(4_000);
    await b.learn(sandbox);
    expect(b.isReady(sandbox)).toBe(true);
    await runOut("a");
    await b.pass(2_000);
    await b.learn(sandbox);
    expect(b.isReady(sandbox)).toBe(false);
    expect(b.logged).toContainEqual({
      ...{ level: "warn", fields: { replicas: ["a"] } },
      message: "replicas did not renew their lease and count as dead, their sessions with them",
    });
  });

  test("a replica that was paused and taken for dead records its sessions anew", async () => {
    const supervisor = a.connect(sandbox);
    await a.record();
    await runOut("a");
    await b.pass(2_000);
    expect(await rows()).toEqual([]);
    await a.wake();
    await a.record();
    expect(await rows()).toEqual([`a ${supervisor.session.id}`]);
    expect(a.sessions.get(sandbox)).toBe(supervisor.session);
    expect([a.shared.problem(), a.shared.stats().leaseLosses]).toEqual([undefined, 1]);
  });

  test("a replica that was paused leaves alone the supervisors that went elsewhere meanwhile", async () => {
    const [moved, stayed] = [sandbox, newSandboxId()];
    const older = a.connect(moved);
    const kept = a.connect(stayed);
    await a.record();
    await runOut("a");
    await b.pass(2_000);
    const newer = b.connect(moved);
    await b.record();
    await a.wake();
    await a.record();
    await Promise.all([a.reload(), b.reload()]);
    expect(await older.ending).toMatchObject({ reason: "state-conflict" });
    expect(b.sessions.get(moved)).toBe(newer.session);
    expect((await rows()).sort()).toEqual([`a ${kept.session.id}`, `b ${newer.session.id}`].sort());
    expect(b.sessions.stats().superseded).toBe(0);
  });

  test("what comes and goes while the store is away is put right when it is back", async () => {
    const [ended, began, both] = [sandbox, newSandboxId(), newSandboxId()];
    const first = a.connect(ended);
    await a.record();
    a.store.fail();
    first.leave();
    const second = a.connect(began);
    a.connect(both).leave();
    await a.pass(5_000);
    expect(await rows()).toEqual([`a ${first.session.id}`]);
    expect(a.shared.stats()).toMatchObject({ unrecorded: 3 });
    expect(a.shared.stats().recordFailures).toBeGreaterThan(1);
    expect(a.warnings().filter((message) => message.startsWith("sessions could not"))).toHaveLength(1);
    a.store.heal();
    await a.pass(3_000);
    expect(await rows()).toEqual([`a ${second.session.id}`]);
    expect(a.shared.stats().unrecorded).toBe(0);
    expect([await second.session.send({}), a.isReady(began)]).toEqual([true, true]);
  });

  test("a session whose record was written but not answered is closed when it ends", async () => {
    a.store.loseAnswers();
    const supervisor = a.connect(sandbox);
    await a.pass(10);
    expect(await rows()).toEqual([`a ${supervisor.session.id}`]);
    supervisor.leave();
    a.store.heal();
    await a.pass(3_000);
    expect(await rows()).toEqual([]);
  });

  test("a session that is known to be recorded although the answer was lost can be superseded", async () => {
    a.store.loseAnswers();
    const older = a.connect(sandbox);
    await a.pass(10);
    a.store.heal();
    await a.learn(sandbox);
    b.connect(sandbox);
    await b.record();
    await a.learn(sandbox);
    expect(await older.ending).toMatchObject({ reason: "state-conflict" });
  });

  test("a row of this replica that names no session of it is removed", async () => {
    const forgotten = { sandboxId: sandbox, sessionId: crypto.randomUUID(), instanceId: "ghost" };
    await database.store.replicas.record(a.id, { opened: [forgotten], closed: [] });
    await a.learn(sandbox);
    await a.record();
    expect([await rows(), a.isReady(sandbox)]).toEqual([[], false]);
  });

  test("a row that somebody removed is written again", async () => {
    const { session } = a.connect(sandbox);
    await a.record();
    await database.query("delete from sandbox_sessions");
    await a.reload();
    await a.record();
    expect(await rows()).toEqual([`a ${session.id}`]);
  });

  test("a replica that leaves takes its sessions with it, and its supervisors are sent elsewhere", async () => {
    const supervisor = a.connect(sandbox);
    await a.record();
    await b.learn(sandbox);
    await a.shared[Symbol.asyncDispose]();
    expect(await supervisor.ending).toMatchObject({ reason: "shutting-down", code: "unavailable" });
    await b.learn(sandbox);
    expect([await rows(), b.isReady(sandbox)]).toEqual([[], false]);
    expect(() => a.connect(sandbox)).toThrow(expect.objectContaining({ reason: "shutting-down" }));
  });

  test("supervisors that a leaving replica sends away are at home elsewhere", async () => {
    const sandboxes = sandboxIds(50);
    for (const id of sandboxes) a.connect(id);
    await a.record();
    await a.shared[Symbol.asyncDispose]();
    for (const id of sandboxes) b.connect(id);
    await b.record();
    await b.reload();
    expect([(await rows()).length, b.sessions.stats()]).toEqual([50, { open: 50, superseded: 0, silenced: 0 }]);
  });
});
