import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { newSandboxId } from "../../src/core/ids.ts";
import type { OpenedSession, ReplicaIdentity, ReplicaStore, SessionName, Store } from "../../src/store/index.ts";
import { onEachDatabase, type TemporaryStore } from "../support/temporary-store.ts";
import { newSandbox } from "./sandboxes.ts";

const minute = 60_000;

const newReplica = (name: string): ReplicaIdentity => ({
  id: randomUUID(),
  name,
  url: `https://${name}.internal:8080`,
});

const newSession = (over: Partial<OpenedSession> = {}): OpenedSession => ({
  ...{ sandboxId: newSandboxId(), sessionId: randomUUID(), instanceId: randomUUID() },
  ...over,
});

onEachDatabase("replicas", (open) => {
  let made: TemporaryStore;
  let store: Store;
  let replicas: ReplicaStore;
  let east: ReplicaIdentity;
  let west: ReplicaIdentity;

  beforeEach(async () => {
    made = await open();
    store = made.store;
    replicas = store.replicas;
    [east, west] = [newReplica("east"), newReplica("west")];
    for (const replica of [east, west]) await replicas.register(replica);
  });
  afterEach(() => made[Symbol.asyncDispose]());

  async function opened(replica: ReplicaIdentity, over: Partial<OpenedSession> = {}): Promise<OpenedSession> {
    const session = newSession(over);
    expect(await replicas.record(replica.id, { opened: [session], closed: [] })).toBe(true);
    return session;
  }

  const close = (replica: ReplicaIdentity, ...closed: SessionName[]) =>
    replicas.record(replica.id, { opened: [], closed });

  /** Sets a lease back or ahead, as if the replica had renewed it then, by the database's clock. */
  const age = (name: string, ms: number) =>
    made.query(`update replicas set renewed_at = renewed_at - (${ms}) where name = '${name}'`);

  const names = async () => (await made.query("select name from replicas order by name")).map(({ name }) => name);

  const rows = () => made.query("select * from sandbox_sessions");

  describe("record", () => {
    test("a session that was opened is found, with the replica that holds it", async () => {
      const session = await opened(east);
      expect(await replicas.loadSessions()).toEqual([{ ...session, replica: east }]);
      expect(await replicas.findSessions([session.sandboxId])).toEqual([{ ...session, replica: east }]);
    });

    test("an opened session takes the place of another replica's", async () => {
      const { sandboxId } = await opened(east);
      const newer = await opened(west, { sandboxId });
      expect(await replicas.loadSessions()).toEqual([{ ...newer, replica: west }]);
    });

    test("an opened session takes the place of one of the same replica", async () => {
      const { sandboxId } = await opened(east);
      const newer = await opened(east, { sandboxId });
      expect(await replicas.loadSessions()).toEqual([{ ...newer, replica: east }]);
    });

    test("a closed session is gone, and the others stay", async () => {
      const [mine, other, theirs] = [await opened(east), await opened(east), await opened(west)];
      expect(await close(east, mine)).toBe(true);
      const left = (await replicas.loadSessions()).map(({ sandboxId }) => sandboxId);
      expect(left.sort()).toEqual([other.sandboxId, theirs.sandboxId].sort());
    });

    test("a session that is closed after another took its place takes nothing with it", async () => {
      const older = await opened(east);
      const newer = await opened(west, { sandboxId: older.sandboxId });
      expect(await close(east, older)).toBe(true);
      expect(await close(west, older)).toBe(true);
      expect(await replicas.loadSessions()).toEqual([{ ...newer, replica: west }]);
    });

    test("a replica closes no other's session, though it knows its name", async () => {
      const session = await opened(east);
      expect(await close(west, session)).toBe(true);
      expect(await replicas.loadSessions()).toEqual([{ ...session, replica: east }]);
    });

    test("a session's name counts with its sandbox alone", async () => {
      const [one, other] = [await opened(east), await opened(east)];
      await close(east, { sandboxId: one.sandboxId, sessionId: other.sessionId });
      expect(await replicas.loadSessions()).toHaveLength(2);
    });

    test("of a session and its successor that come together the successor stays", async () => {
      const { sandboxId } = newSession();
      const [first, second] = [newSession({ sandboxId }), newSession({ sandboxId })];
      await replicas.record(east.id, { opened: [first, second], closed: [first] });
      expect(await replicas.loadSessions()).toEqual([{ ...second, replica: east }]);
    });

    test("a session that was opened and closed since is not left behind", async () => {
      const session = newSession();
      await replicas.record(east.id, { opened: [session], closed: [session] });
      expect(await rows()).toEqual([]);
    });

    test("nothing to record is recorded", async () => {
      expect(await replicas.record(east.id, { opened: [], closed: [] })).toBe(true);
    });

    test("a replica that is not registered records nothing", async () => {
      const session = await opened(east);
      const taking = { opened: [newSession({ sandboxId: session.sandboxId }), newSession()], closed: [session] };
      expect(await replicas.record(randomUUID(), taking)).toBe(false);
      expect(await replicas.loadSessions()).toEqual([{ ...session, replica: east }]);
    });

    test("two thousand sessions are recorded at once, and closed at once", async () => {
      const sessions = Array.from({ length: 2_000 }, () => newSession());
      expect(await replicas.record(east.id, { opened: sessions, closed: [] })).toBe(true);
      expect(await replicas.loadSessions()).toHaveLength(2_000);
      const asked = sessions.slice(0, 1_500).map(({ sandboxId }) => sandboxId);
      expect(await replicas.findSessions(asked)).toHaveLength(1_500);
      expect(await close(east, ...sessions.slice(1))).toBe(true);
      expect(await replicas.loadSessions()).toMatchObject([{ sandboxId: sessions[0]?.sandboxId }]);
    });

    test("a supervisor's name for its run cannot make the record fail, whatever is in it", async () => {
      const odd = ["a\u0000b", "\ud800", "'; drop table replicas; --", '{"sandboxId": 1}', "grüße ✓ 🙂"];
      const sessions = odd.map((instanceId) => newSession({ instanceId }));
      expect(await replicas.record(east.id, { opened: sessions, closed: [] })).toBe(true);
      const stored = (await replicas.loadSessions()).map(({ instanceId }) => instanceId);
      expect(stored.sort()).toEqual(["a\ufffdb", "\ufffd", ...odd.slice(2)].sort());
    });
  });

  describe("findSessions", () => {
    test("sandboxes without a session are passed over", async () => {
      await opened(east);
      const asked = await opened(west);
      expect(await replicas.findSessions([newSandboxId(), asked.sandboxId])).toEqual([{ ...asked, replica: west }]);
    });

    test("nobody asked for is nobody found", async () => {
      await opened(east);
      expect(await replicas.findSessions([])).toEqual([]);
    });

    test("a session whose replica is not registered is not told, as after a hand that deleted it", async () => {
      const session = await opened(east);
      await made.query("delete from replicas where name = 'east'");
      expect(await replicas.findSessions([session.sandboxId])).toEqual([]);
      expect(await replicas.loadSessions()).toEqual([]);
    });
  });

  describe("register", () => {
    test("a replica that starts again under its name ends what it was before, with its sessions, and no other", async () => {
      await opened(east);
      const theirs = await opened(west);
      const again = newReplica("east");
      await replicas.register(again);
      expect(await replicas.loadSessions()).toEqual([{ ...theirs, replica: west }]);
      expect(await replicas.renew(east.id, minute)).toEqual({ held: false, ended: [] });
      expect(await replicas.record(east.id, { opened: [newSession()], closed: [] })).toBe(false);
      const session = await opened(again);
      expect(await replicas.findSessions([session.sandboxId])).toEqual([{ ...session, replica: again }]);
    });

    test("one that registers twice has no sessions afterwards, and goes on", async () => {
      await opened(east);
      await replicas.register({ ...east, url: "https://moved.internal" });
      expect(await replicas.loadSessions()).toEqual([]);
      expect(await replicas.renew(east.id, minute)).toEqual({ held: true, ended: [] });
      await opened(east);
      expect(await replicas.loadSessions()).toMatchObject([{ replica: { url: "https://moved.internal" } }]);
    });

    test("of twenty that want one name at once, one has it", async () => {
      const same = Array.from({ length: 20 }, () => newReplica("north"));
      await Promise.all(same.map((replica) => replicas.register(replica)));
      const renewed = await Promise.all(same.map(({ id }) => replicas.renew(id, minute)));
      expect(renewed.filter(({ held }) => held)).toHaveLength(1);
      expect(await names()).toEqual(["east", "north", "west"]);
    });
  });

  describe("renew", () => {
    test("a replica that renews in time is held, and ends nobody who does too", async () => {
      await opened(east);
      for (const { id } of [east, west, east]) {
        expect(await replicas.renew(id, minute)).toEqual({ held: true, ended: [] });
      }
      expect(await replicas.loadSessions()).toHaveLength(1);
    });

    test("a replica whose lease ran out is ended by any other, with its sessions, and told so when it comes", async () => {
      await opened(east);
      const theirs = await opened(west);
      await age("east", minute + 1_000);
      expect(await replicas.renew(west.id, minute)).toEqual({ held: true, ended: ["east"] });
      expect(await rows()).toHaveLength(1);
      expect(await replicas.loadSessions()).toEqual([{ ...theirs, replica: west }]);
      expect(await replicas.renew(east.id, minute)).toEqual({ held: false, ended: [] });
    });

    test("a lease is counted from the last renewal", async () => {
      await age("east", 2 * minute);
      expect(await replicas.renew(east.id, minute)).toEqual({ held: true, ended: [] });
      expect(await replicas.renew(west.id, minute)).toEqual({ held: true, ended: [] });
    });

    test("a lease that has not run out is left alone", async () => {
      await age("east", minute - 10_000);
      expect(await replicas.renew(west.id, minute)).toEqual({ held: true, ended: [] });
    });

    test("A-46: a lease that another clock gave, as in a restored database, does not last until that time comes", async () => {
      await opened(east);
      await age("east", -60 * minute);
      expect(await replicas.renew(west.id, minute)).toEqual({ held: true, ended: ["east"] });
      expect(await replicas.loadSessions()).toEqual([]);
    });

    test("several that ran out are all named", async () => {
      const north = newReplica("north");
      await replicas.register(north);
      await age("east", 2 * minute);
      await age("west", 2 * minute);
      const { held, ended } = await replicas.renew(north.id, minute);
      expect([held, ...ended.sort()]).toEqual([true, "east", "west"]);
      expect(await names()).toEqual(["north"]);
    });

    test("one that is not registered is not held, and registers by nothing but register", async () => {
      expect(await replicas.renew(randomUUID(), minute)).toEqual({ held: false, ended: [] });
      expect(await names()).toEqual(["east", "west"]);
    });
  });

  test("a replica that leaves is gone, with its sessions, and no other", async () => {
    await opened(east);
    const theirs = await opened(west);
    await replicas.leave(east.id);
    await replicas.leave(east.id);
    expect(await replicas.loadSessions()).toEqual([{ ...theirs, replica: west }]);
    expect(await names()).toEqual(["west"]);
    expect(await close(east)).toBe(false);
  });

  test("a sandbox that is removed takes its session with it", async () => {
    const sandbox = newSandbox();
    await store.sandboxes.insert(sandbox);
    await opened(east, { sandboxId: sandbox.id });
    const other = await opened(east);
    await store.sandboxes.remove(sandbox.id);
    expect(await rows()).toMatchObject([{ sandbox_id: other.sandboxId }]);
  });
});
