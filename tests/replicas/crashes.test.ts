import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describePostgres } from "../support/postgres.ts";
import { BusySupervisor } from "./support/busy-supervisor.ts";
import { Link } from "./support/link.ts";
import { expectOneSuccessor } from "./support/one-successor.ts";
import type { Replica } from "./support/replica.ts";
import { type Replicas, startReplicas, unlimited } from "./support/replicas.ts";
import { rotateKey } from "./support/rotate-key.ts";

const kills = 50;
const supervisors = 20;
const refused = { kind: "refused", status: "16" };
const patience = { timeout: 10_000 };

describePostgres("two gateways that are killed again and again", () => {
  let replicas: Replicas;
  beforeAll(async () => {
    replicas = await startReplicas({ tokens: unlimited });
  });
  afterAll(() => replicas?.[Symbol.asyncDispose]());

  test("B1, A-39: a thousand refreshes of one token over both, without a limit, all give the same successor", async () => {
    expect(await expectOneSuccessor(replicas)).toBe(0);
  });

  test("T2, A-27: a key takes the place of another while supervisors refresh at both, and no call fails", async () => {
    const { a, b, both } = replicas;
    using life = new DisposableStack();
    const sandboxes = await Promise.all([a, b, a, b].map((owner) => replicas.createSandbox(owner)));
    const busy = await Promise.all(sandboxes.map(async (one) => life.use(await BusySupervisor.of(one, both))));
    const running = busy.map((supervisor) => supervisor.run(40));
    await rotateKey(replicas, busy);
    expect(busy.map(({ failed }) => failed)).toEqual([0, 0, 0, 0]);
    expect(busy.map(({ wrongs }) => wrongs)).toEqual(busy.map(() => ({ stranded: [], double: [] })));
    for (const supervisor of busy) supervisor.stop();
    await Promise.all(running);
    expect(Math.min(...busy.map(({ tokens }) => tokens.length))).toBeGreaterThan(20);
  }, 60_000);

  test(`B1, A-40: of ${supervisors} supervisors that refresh all the time none is stranded by ${kills} kills, and no token has two successors`, async () => {
    const { a, b, both, database } = replicas;
    using life = new DisposableStack();
    const busy: BusySupervisor[] = [];
    for (let at = 0; at < supervisors; at += 1) {
      const sandbox = await replicas.createSandbox(at % 2 === 0 ? a : b);
      busy.push(life.use(await BusySupervisor.of(sandbox, both)));
    }
    const running = busy.map((supervisor) => supervisor.run(60));

    let left = kills;
    /** Kills it in the middle of what it does, soon after it has begun to serve; what it is at then is left to chance. */
    const crash = async (replica: Replica) => {
      while (left > 0) {
        left -= 1;
        replica.prepare();
        await answersOf(replica, busy, 1 + Math.floor(20 * Math.random()));
        await wait(10 * Math.random());
        await replica.kill();
        await replica.start();
      }
    };
    await Promise.all(both.map(crash));
    for (const supervisor of busy) supervisor.stop();
    await Promise.all(running);

    expect(busy.map(({ wrongs }) => wrongs)).toEqual(busy.map(() => ({ stranded: [], double: [] })));
    const own = new Set(busy.map(({ sandbox }) => sandbox.id));
    for (const event of ["token.reused", "family.revoked"]) {
      const audited = both.flatMap((replica) => replica.audited(event));
      expect(audited.filter(({ sandboxId }) => own.has(sandboxId ?? ""))).toEqual([]);
    }
    expect(sum(busy.map(({ failed }) => failed))).toBeGreaterThan(kills);
    expect(sum(busy.map(({ tokens }) => tokens.length))).toBeGreaterThan(kills * 5);

    // One row each, as far as its tokens came, and a file that follows it.
    const rows = await database.query<{ sandbox_id: string; generation: number }>(
      "select sandbox_id, generation from token_families where revoked_at is null and sandbox_id = any($1)",
      [busy.map(({ sandbox }) => sandbox.id)],
    );
    const generations = new Map(rows.map(({ sandbox_id, generation }) => [sandbox_id, generation]));
    expect(rows).toHaveLength(supervisors);
    for (const { sandbox, tokens } of busy) expect(generations.get(sandbox.id)).toBe(tokens.length - 1);
    for (const { sandbox, token } of busy) await expect.poll(() => sandbox.token(), patience).toBe(token);

    // Only the current token is any good, wherever it is presented.
    using links = new DisposableStack();
    const [first, second] = both.map(({ url }) => links.use(new Link(url)));
    for (const { sandbox, token, tokens } of busy) {
      expect(await first?.use(token, sandbox.id)).toMatchObject({ kind: "ok" });
      const older = tokens.slice(-3, -1);
      for (const old of older) expect(await second?.use(old, sandbox.id)).toMatchObject(refused);
      expect(await first?.refresh(older[0] ?? "")).toMatchObject(refused);
      expect(await second?.refresh(token)).toMatchObject(refused);
    }
  }, 180_000);
});

/** Resolves when a replica has answered so many refreshes. */
async function answersOf(replica: Replica, busy: readonly BusySupervisor[], count: number): Promise<void> {
  let left = count;
  const { promise, resolve } = Promise.withResolvers<void>();
  const note = (name: string) => {
    if (name === replica.name && --left === 0) resolve();
  };
  for (const { news } of busy) news.on("answered", note);
  await promise;
  for (const { news } of busy) news.off("answered", note);
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
