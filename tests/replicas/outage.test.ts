import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { describeOwnPostgres, type OwnPostgres, startPostgres } from "../support/postgres.ts";
import { BusySupervisor } from "./support/busy-supervisor.ts";
import { type PostgresProxy, startPostgresProxy } from "./support/postgres-proxy.ts";
import type { Replica, TestSandbox } from "./support/replica.ts";
import { type Replicas, startReplicas, unlimited } from "./support/replicas.ts";
import { openSession, outcomeOf } from "./support/session.ts";
import { phaseAt, promptly } from "./support/watch.ts";

/** For how long a gateway may not know what was revoked, in milliseconds. */
const boundMs = 2_000;
const patience = { timeout: 30_000 };
const timed = { retry: 2 };

describeOwnPostgres("two gateways whose database fails", () => {
  const life = new AsyncDisposableStack();
  let postgres: OwnPostgres;
  let replicas: Replicas;
  /** Between the second gateway and the database. */
  let network: PostgresProxy;
  beforeAll(async () => {
    postgres = life.use(await startPostgres({ fsync: "off", full_page_writes: "off" }));
    const database = life.use(await postgres.createDatabase());
    network = life.use(await startPostgresProxy(database.url));
    replicas = life.use(
      await startReplicas({
        ...{ database, tokens: { ...unlimited, longestBlindMs: boundMs } },
        b: { databaseUrl: network.url.reveal() },
      }),
    );
  });
  afterAll(() => life.disposeAsync());

  const use = (replica: Replica, { id }: TestSandbox, token: string) =>
    outcomeOf(replica.client(token).getSandboxConfig({ sandboxId: id }));
  async function connected(replica: Replica, sandbox: TestSandbox) {
    const session = await openSession(replica, sandbox);
    onTestFinished(() => session[Symbol.dispose]());
    return session;
  }

  test("A-49, T6: without its database a gateway answers `unavailable` and is not ready, and nobody is lost when it is back", async () => {
    const { a, b, both } = replicas;
    const sandboxes = await Promise.all([a, b, a, b].map((owner) => replicas.createSandbox(owner)));
    const [first, second, third, fourth] = sandboxes as [TestSandbox, TestSandbox, TestSandbox, TestSandbox];
    /** Its supervisor does not refresh, and its token is known to both. */
    const quiet = await replicas.createSandbox(a);
    const token = await quiet.token();
    for (const replica of both) expect(await use(replica, quiet, token)).toBe("ok");
    const sessions = await Promise.all([connected(a, second), connected(b, third)]);
    using supervisors = new DisposableStack();
    const busy = await Promise.all(sandboxes.map(async (one) => supervisors.use(await BusySupervisor.of(one, both))));
    const running = busy.map((supervisor) => supervisor.run(20));

    await postgres.stop("immediate");
    const stopped = performance.now();
    const seen = new Set<string>();
    const outcomes = async () => {
      const both = await Promise.all([a, b].map((replica) => use(replica, quiet, token)));
      for (const outcome of both) seen.add(outcome);
      return both;
    };
    await expect.poll(outcomes, { ...patience, interval: 20 }).toEqual(["Unavailable", "Unavailable"]);
    const lasted = performance.now() - stopped;
    expect([...seen].sort()).toEqual(["Unavailable", "ok"]);
    // What was known was good for the bound, counted from the last time that it was confirmed.
    expect(lasted).toBeGreaterThan(boundMs - 1_200);
    expect(lasted).toBeLessThan(boundMs + 1_500);
    for (const replica of both) expect(await replica.readiness()).toBe(503);
    for (const session of sessions) expect(await session.ended).toBe("Unavailable");
    for (const replica of both) expect(await outcomeOf(replica.createSandbox())).toBe("Unavailable");

    await postgres.start();
    for (const replica of both) await expect.poll(() => replica.readiness(), patience).toBe(200);
    const lengths = busy.map(({ tokens }) => tokens.length);
    await expect
      .poll(() => busy.every(({ tokens }, at) => tokens.length > (lengths[at] ?? 0) + 2), patience)
      .toBe(true);
    for (const supervisor of busy) supervisor.stop();
    await Promise.all(running);
    expect(busy.map(({ wrongs }) => wrongs)).toEqual(busy.map(() => ({ stranded: [], double: [] })));
    for (const replica of both) expect(replica.audited("family.revoked")).toEqual([]);
    for (const replica of both) expect(await use(replica, quiet, token)).toBe("ok");
    for (const one of [first, fourth]) await expect.poll(() => phaseAt(a, one), patience).toBe("PROVISIONING");
    // Whoever owns a sandbox delivers what another gateway gave out once it has heard of it.
    for (const { sandbox, token: last } of busy) await expect.poll(() => sandbox.token(), patience).toBe(last);
    await connected(b, second);
    for (const replica of both) await expect.poll(() => phaseAt(replica, second), patience).toBe("READY");
  }, 90_000);

  test("T6: a gateway whose listening connection is ended hears of a revocation within a second", timed, async () => {
    const { a, b, database } = replicas;
    const sandbox = await replicas.createSandbox(a);
    const token = await sandbox.token();
    expect(await use(b, sandbox, token)).toBe("ok");
    const ended = await database.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name ~ 'changes$'",
    );
    expect(ended).toHaveLength(2);
    await a.client().stopSandbox({ name: sandbox.name });
    await promptly(() => use(b, sandbox, token), "Unauthenticated");
  });

  test("T6: a gateway that no notification reaches hears of a revocation when it asks by itself", timed, async () => {
    const { a, b } = replicas;
    network.become("without notifications");
    onTestFinished(() => network.become("open"));
    for (let time = 0; time < 3; time += 1) {
      const sandbox = await replicas.createSandbox(a);
      const token = await sandbox.token();
      const session = await connected(b, sandbox);
      await a.client().stopSandbox({ name: sandbox.name });
      const stopped = performance.now();
      await expect.poll(() => use(b, sandbox, token), { ...patience, interval: 5 }).toBe("Unauthenticated");
      expect(performance.now() - stopped).toBeLessThan(1_500);
      expect(await session.ended).toBe("Unauthenticated");
    }
  });

  test("T6: a gateway that is cut off takes nothing that was revoked for longer than its bound, while the other goes on", async () => {
    const { a, b } = replicas;
    const [revoked, kept] = [await replicas.createSandbox(a), await replicas.createSandbox(b)];
    const token = await revoked.token();
    const session = await connected(b, kept);
    expect(await use(b, revoked, token)).toBe("ok");
    network.become("stalled");
    onTestFinished(() => network.become("open"));
    const stalled = performance.now();
    await a.client().stopSandbox({ name: revoked.name });
    await expect.poll(() => use(b, revoked, token), { ...patience, interval: 5 }).toBe("Unavailable");
    expect(performance.now() - stalled).toBeLessThan(boundMs + 1_000);
    expect(await session.ended).toBe("Unavailable");
    await expect.poll(() => b.readiness(), patience).toBe(503);
    expect(await use(b, kept, await kept.token())).toBe("Unavailable");
    const { token: next } = await a.client(await kept.token()).refreshSandboxToken({});
    expect(await a.readiness()).toBe(200);

    network.become("open");
    await expect.poll(() => use(b, revoked, token), patience).toBe("Unauthenticated");
    expect(await use(b, kept, next)).toBe("ok");
    await expect.poll(() => b.readiness(), patience).toBe(200);
    await expect.poll(() => kept.token(), patience).toBe(next);
    await connected(b, kept);
    await expect.poll(() => phaseAt(a, kept), patience).toBe("READY");
  });
});
