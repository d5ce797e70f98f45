import { randomUUID } from "node:crypto";
import { expect, onTestFinished, test } from "vitest";
import { newSandboxId } from "../../../../src/core/ids.ts";
import type { OpenedSession, ReplicaIdentity, Store } from "../../../../src/store/index.ts";
import { describePostgres, type TestDatabase, waitForLocks } from "../../../support/postgres.ts";
import { databasesForTests } from "../../../support/temporary-store.ts";

const minute = 60_000;

const newReplica = (name: string): ReplicaIdentity => ({ id: randomUUID(), name, url: `https://${name}.internal` });

const newSession = (sandboxId = newSandboxId()): OpenedSession => ({
  sandboxId,
  sessionId: randomUUID(),
  instanceId: "i",
});

describePostgres("sessions of two replicas", () => {
  const databases = databasesForTests();

  interface Two {
    readonly database: TestDatabase;
    readonly east: ReplicaIdentity;
    readonly west: ReplicaIdentity;
    /** Their stores. */
    readonly a: Store;
    readonly b: Store;
    /** A transaction of somebody else that did this; resolves to how to commit it. */
    held(statement: string): Promise<() => Promise<void>>;
  }

  async function two(prepare = ""): Promise<Two> {
    const shared = await databases().create();
    onTestFinished(() => shared[Symbol.asyncDispose]());
    const { database } = shared;
    if (prepare) await database.query(prepare.replace("$name", database.name));
    const [a, b] = [await shared.open(), await shared.open()];
    const [east, west] = [newReplica("east"), newReplica("west")];
    await a.replicas.register(east);
    await b.replicas.register(west);
    const held = async (statement: string) => {
      const client = await database.connect();
      await client.query("begin");
      await client.query(statement);
      return async () => {
        await client.query("commit");
        await client.end();
      };
    };
    return { database, east, west, a, b, held };
  }

  /** East is at work: it has seen that it is registered, and waits for the sessions' table. */
  async function recording({ a, east, held, database }: Two) {
    const release = await held("lock table sandbox_sessions in exclusive mode");
    const recorded = a.replicas.record(east.id, { opened: [newSession()], closed: [] });
    await waitForLocks(database);
    return { recorded, release };
  }

  test("a replica whose name is taken while it records leaves no session behind", async () => {
    const world = await two();
    const { recorded, release } = await recording(world);
    const taking = world.b.replicas.register(newReplica("east"));
    await waitForLocks(world.database, 2);
    await release();
    expect(await recorded).toBe(true);
    await taking;
    expect(await world.b.replicas.loadSessions()).toEqual([]);
    expect(await world.database.query("select * from sandbox_sessions")).toEqual([]);
  });

  test("a replica that is ended before it records is told so, and nothing is stored", async () => {
    const { held, a, east, database } = await two();
    const commit = await held("delete from replicas where name = 'east'");
    const recorded = a.replicas.record(east.id, { opened: [newSession()], closed: [] });
    await waitForLocks(database);
    await commit();
    expect(await recorded).toBe(false);
    expect(await database.query("select * from sandbox_sessions")).toEqual([]);
  });

  test("a replica that is at work this moment lives, however old its lease is, and nobody waits for it", async () => {
    const world = await two();
    await world.database.query("update replicas set renewed_at = 0 where name = 'east'");
    const { recorded, release } = await recording(world);
    expect(await world.b.replicas.renew(world.west.id, minute)).toEqual({ held: true, ended: [] });
    await release();
    expect(await recorded).toBe(true);
    expect(await world.b.replicas.renew(world.west.id, minute)).toEqual({ held: true, ended: ["east"] });
  });

  test("a replica renews its lease while it records", async () => {
    const world = await two();
    const { recorded, release } = await recording(world);
    expect(await world.a.replicas.renew(world.east.id, minute)).toEqual({ held: true, ended: [] });
    await release();
    expect(await recorded).toBe(true);
  });

  test("A-46: replicas that all come back late, as after an outage, end each other without blocking each other", async () => {
    const { a, b, east, west, database } = await two("alter database $name set deadlock_timeout = '30s'");
    for (let round = 0; round < 30; round += 1) {
      await database.query("update replicas set renewed_at = 0");
      const [first, second] = await Promise.all([a.replicas.renew(east.id, minute), b.replicas.renew(west.id, minute)]);
      expect(first.held || second.held).toBe(true);
      if (!first.held) await a.replicas.register(east);
      if (!second.held) await b.replicas.register(west);
    }
  });

  test("replicas that take over each other's sandboxes at the same time do not block each other", async () => {
    const { a, b, east, west } = await two("alter database $name set deadlock_timeout = '30s'");
    const ids = Array.from({ length: 200 }, () => newSandboxId());
    const shuffled = () => [...ids].sort(() => Math.random() - 0.5);
    const churn = async (store: Store, { id }: ReplicaIdentity) => {
      let closed: OpenedSession[] = [];
      for (let round = 0; round < 15; round += 1) {
        const opened = shuffled()
          .slice(50)
          .map((sandboxId) => newSession(sandboxId));
        expect(await store.replicas.record(id, { opened, closed })).toBe(true);
        closed = opened.reverse();
      }
    };
    await Promise.all([1, 2, 3].flatMap(() => [churn(a, east), churn(b, west)]));
    const sessions = await a.replicas.loadSessions();
    expect(new Set(sessions.map(({ sandboxId }) => sandboxId)).size).toBe(sessions.length);
    expect(sessions.every(({ replica }) => [east.id, west.id].includes(replica.id))).toBe(true);
  });

  test("a replica that ends while another takes over its sandboxes takes none of them with it", async () => {
    const { a, b, east, west } = await two();
    for (let round = 0; round < 20; round += 1) {
      const opened = Array.from({ length: 50 }, () => newSession());
      await a.replicas.record(east.id, { opened, closed: [] });
      const taken = opened.slice(25).map(({ sandboxId }) => newSession(sandboxId));
      await Promise.all([a.replicas.leave(east.id), b.replicas.record(west.id, { opened: taken, closed: [] })]);
      const left = await b.replicas.findSessions(opened.map(({ sandboxId }) => sandboxId));
      expect(left.map(({ sessionId }) => sessionId).sort()).toEqual(taken.map(({ sessionId }) => sessionId).sort());
      await a.replicas.register(east);
    }
  });
});
