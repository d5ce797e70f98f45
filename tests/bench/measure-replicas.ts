import { setTimeout as wait } from "node:timers/promises";
import { BusySupervisor } from "../replicas/support/busy-supervisor.ts";
import { Link } from "../replicas/support/link.ts";
import { type Replicas, startReplicas, unlimited } from "../replicas/support/replicas.ts";
import { rotateKey } from "../replicas/support/rotate-key.ts";
import type { Postgres } from "../support/postgres.ts";
import { partsOf } from "../support/tokens.ts";
import { percentile, sorted } from "./percentiles.ts";
import type { Plan } from "./plan.ts";

/** Two gateways on one Postgres, while supervisors refresh at both. */
export interface ReplicaFigures {
  /** The load, measured while tokens were revoked. */
  readonly refreshesPerSecond: number;
  /** From asking one to revoke a token to its first refusal by the other. */
  readonly revocations: { readonly count: number; readonly p50Ms: number; readonly p99Ms: number };
  /** Signing keys that were prepared, activated and retired. */
  readonly rotations: { readonly count: number; readonly calls: number; readonly failed: number };
}

const supervisors = 20;
const pauseMs = 100;
const createdAtOnce = 25;

export async function measureReplicas(plan: Plan, postgres: Postgres): Promise<ReplicaFigures> {
  await using life = new AsyncDisposableStack();
  const database = life.use(await postgres.createDatabase());
  const replicas = life.use(await startReplicas({ database, tokens: unlimited }));
  const busy: BusySupervisor[] = [];
  for (let at = 0; at < supervisors; at += 1) {
    const sandbox = await replicas.createSandbox(at % 2 === 0 ? replicas.a : replicas.b);
    busy.push(life.use(await BusySupervisor.of(sandbox, replicas.both)));
  }
  const running = busy.map((supervisor) => supervisor.run(pauseMs));
  try {
    await wait(plan.seconds * 1_000);
    const [began, before] = [performance.now(), refreshesOf(busy)];
    const revocations = await measureRevocations(replicas, plan.revocations);
    const refreshesPerSecond = (refreshesOf(busy) - before) / ((performance.now() - began) / 1_000);
    return { refreshesPerSecond, revocations, rotations: await rotateKeys(replicas, busy, plan.rotations) };
  } finally {
    for (const supervisor of busy) supervisor.stop();
    await Promise.all(running);
  }
}

async function measureRevocations(replicas: Replicas, count: number): Promise<ReplicaFigures["revocations"]> {
  const { a, b } = replicas;
  using link = new Link(b.url);
  const timesMs: number[] = [];
  while (timesMs.length < count) {
    const some = Math.min(createdAtOnce, count - timesMs.length);
    const sandboxes = await Promise.all(Array.from({ length: some }, () => replicas.createSandbox(a)));
    for (const sandbox of sandboxes) {
      const token = await sandbox.token();
      const [familyId = ""] = String(partsOf(token).payload["jti"]).split(".");
      const known = await link.use(token, sandbox.id);
      if (known.kind !== "ok") throw new Error("a good token was refused");
      const began = performance.now();
      const revoked = a.identity().revokeTokenFamily({ familyId });
      // One call after the other, as a thief would: the first that is refused ends it.
      while ((await link.use(token, sandbox.id)).kind === "ok") await wait(1);
      timesMs.push(performance.now() - began);
      await revoked;
    }
  }
  const ordered = sorted(timesMs);
  return { count, p50Ms: percentile(ordered, 0.5), p99Ms: percentile(ordered, 0.99) };
}

async function rotateKeys(
  replicas: Replicas,
  busy: readonly BusySupervisor[],
  count: number,
): Promise<ReplicaFigures["rotations"]> {
  const [before, failedBefore] = [refreshesOf(busy), failuresOf(busy)];
  for (let rotation = 0; rotation < count; rotation += 1) await rotateKey(replicas, busy);
  return { count, calls: refreshesOf(busy) - before, failed: failuresOf(busy) - failedBefore };
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const refreshesOf = (busy: readonly BusySupervisor[]) => sum(busy.map(({ tokens }) => tokens.length));
const failuresOf = (busy: readonly BusySupervisor[]) => sum(busy.map(({ failed }) => failed));
