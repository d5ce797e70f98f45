import { join } from "node:path";
import { Code } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "vitest";
import { silentLog } from "../../src/core/log.ts";
import { openStore } from "../../src/store/index.ts";
import { generateSigningKey } from "../../src/tokens/index.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { GatewayProcess, type ToServe } from "./herd/gateway-process.ts";
import { type Attempt, Herd, toldMs } from "./herd/herd.ts";
import { readyCount } from "./herd/ready-count.ts";
import { seedSandboxes } from "./herd/seed-sandboxes.ts";

const count = 1_000;
/** Timers count from the beginning of their turn of the event loop, and 1,000 ends in one process are a long turn. */
const turnMs = 300;
/** For machines that do a lot beside; an idle one needs a fifth of it. */
const patienceMs = 120_000;

const directory = temporaryDirectory();
const signingKey = generateSigningKey().signing.reveal();
const toServe = (port: number): ToServe => ({
  database: { kind: "sqlite", path: join(directory.path, "openshell.db") },
  replica: "a",
  port,
  signingKey,
});

let gateway: GatewayProcess;
let herd: Herd;

beforeAll(async () => {
  const { database } = toServe(0);
  if (database.kind !== "sqlite") throw new Error("not the database that was asked for");
  await using store = await openStore({ database, log: silentLog });
  const sandboxes = await seedSandboxes(store, signingKey, count);
  await store[Symbol.asyncDispose]();
  gateway = await GatewayProcess.start(toServe(0), directory.path);
  herd = new Herd({ sandboxes, endpoints: [gateway.url], perConnection: 8 });
  await everybody();
}, patienceMs);

afterAll(async () => {
  await herd?.[Symbol.asyncDispose]();
  await gateway?.[Symbol.asyncDispose]();
  directory[Symbol.dispose]();
});

/** Waits until all have a session, and the gateway calls all sandboxes ready. */
async function everybody(): Promise<void> {
  await herd.everybody();
  expect(await readyCount(gateway.url, count)).toBe(count);
}

interface Loss {
  /** The sessions that ended with the gateway. */
  readonly lost: readonly Attempt[];
  /** What their supervisors tried until all of them were back. */
  readonly tried: readonly Attempt[];
  /** When the next gateway was known to listen. */
  readonly listensAt: number;
}

/** Ends the gateway, starts another on the same port and database, and waits until everybody is back. */
async function lose(): Promise<Loss> {
  const lost = herd.attempts.filter(({ acceptedAt, endedAt }) => acceptedAt !== undefined && endedAt === undefined);
  const before = herd.attempts.length;
  const { port } = gateway;
  await gateway.drain();
  gateway = await GatewayProcess.start(toServe(port), directory.path);
  const listensAt = performance.now();
  await everybody();
  return { lost, tried: herd.attempts.slice(before), listensAt };
}

const failures = (attempts: readonly Attempt[]) => attempts.filter(({ failure }) => failure !== undefined);
const codes = (attempts: readonly Attempt[]) => new Set(failures(attempts).map(({ failure }) => failure?.code));

test(
  "weakness 21: 1,000 supervisors of a gateway that drains come back evenly, when they were told, and none is refused by the next",
  async () => {
    const { lost, tried, listensAt } = await lose();
    expect(lost).toHaveLength(count);
    const told = lost.map((attempt) => toldMs(attempt) ?? Number.NaN).toSorted((a, b) => a - b);
    expect(told[0]).toBeGreaterThanOrEqual(500);
    expect(told.at(-1)).toBeLessThanOrEqual(2_500);
    const inOneSecond = told.map((from, at) => told.slice(at).filter((ms) => ms < from + 1_000).length);
    expect(Math.max(...inOneSecond)).toBeLessThan(650);

    const next = new Map(tried.toReversed().map((attempt) => [attempt.sandbox, attempt]));
    const early = lost.filter(
      (attempt) =>
        (next.get(attempt.sandbox)?.startedAt ?? 0) < (attempt.endedAt ?? 0) + (toldMs(attempt) ?? 0) - turnMs,
    );
    expect(early).toEqual([]);
    expect(codes([...lost, ...tried])).toEqual(new Set([Code.Unavailable]));
    expect(failures(tried.filter(({ startedAt }) => startedAt > listensAt))).toEqual([]);
  },
  patienceMs,
);
