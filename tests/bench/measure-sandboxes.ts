import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { create, toBinary } from "@bufbuild/protobuf";
import { GetSandboxConfigRequestSchema } from "../../gen/openshell/sandbox/v1/config_pb.ts";
import { generateSigningKey } from "../../src/tokens/index.ts";
import { allStarted } from "./all-started.ts";
import type { Call } from "./grpc.ts";
import type { Loaded } from "./load.ts";
import { median } from "./percentiles.ts";
import type { Plan } from "./plan.ts";
import { cpuSeconds } from "./process-figures.ts";
import { ReplayLoad } from "./replay-load.ts";
import { seedSandboxes } from "./seed-sandboxes.ts";
import { type ServerOptions, type ServerProcess, startServer } from "./server-process.ts";
import type { Sandbox } from "./supervisor-sessions.ts";

/** A gateway with so many sandboxes in its store, all of which ask for their configuration in turn. */
export interface SandboxFigures {
  readonly sandboxes: number;
  /** From spawning its process until it listens, and until every sandbox was looked after. */
  readonly listensMs: number;
  readonly settledMs: number;
  /** CPU time until then, in milliseconds. */
  readonly settledCpuMs: number;
  /** What is in use of V8's heap, after a collection of garbage. */
  readonly heapBytes: number;
  readonly callsPerSecond: number;
  readonly callsPerCpuSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Calls at once. */
const shape = { connections: 20, streams: 10 } as const;
const warmUp = 20_000;

interface Subject {
  readonly server: ServerProcess;
  readonly load: ReplayLoad;
  readonly start: Pick<SandboxFigures, "sandboxes" | "listensMs" | "settledMs" | "settledCpuMs">;
  readonly measured: Loaded[];
}

/** All of them serve at the same time and take turns. */
export async function measureSandboxes(
  { sandboxes: counts, rounds, seconds }: Plan,
  options: ServerOptions,
  say: (line: string) => void,
): Promise<SandboxFigures[]> {
  await using life = new AsyncDisposableStack();
  const directory = mkdtempSync(join(options.directory, "sandboxes-"));
  life.defer(() => rmSync(directory, { recursive: true, force: true }));
  const subjects: Subject[] = [];
  for (const count of counts) {
    const subject = await prepare(count, directory, options, life);
    subjects.push(subject);
    // Each sandbox once, and as many with few of them as with many: what is called often gets faster for a while.
    await subject.load.load({ ...shape, calls: 10 * Math.ceil(Math.max(count, warmUp) / 10) });
    say(`${count} sandboxes in the store`);
  }
  const perRound: number[] = [];
  for (const { load } of subjects) {
    const { calls, seconds: took } = await load.load({ ...shape, calls: 2_000 });
    perRound.push(10 * Math.max(200, Math.round(((calls / took) * seconds) / 10)));
  }
  for (let round = 0; round < rounds; round += 1) {
    for (const [at, { load, measured }] of subjects.entries()) {
      measured.push(await load.load({ ...shape, calls: perRound[at] ?? 0 }));
    }
  }
  const figures: SandboxFigures[] = [];
  for (const { server, start, measured } of subjects) {
    figures.push({
      ...start,
      heapBytes: (await server.ask("memory")).heapBytes,
      callsPerSecond: median(measured.map(({ calls, seconds: took }) => calls / took)),
      callsPerCpuSecond: median(measured.map(({ calls, cpuSeconds: used }) => calls / used)),
      p50Ms: median(measured.map(({ p50Ms }) => p50Ms)),
      p99Ms: median(measured.map(({ p99Ms }) => p99Ms)),
    });
  }
  return figures;
}

async function prepare(
  count: number,
  directory: string,
  options: ServerOptions,
  life: AsyncDisposableStack,
): Promise<Subject> {
  const path = join(directory, `${count}.db`);
  const keyFile = join(directory, `${count}.pem`);
  const signingKey = generateSigningKey().signing.reveal();
  writeFileSync(keyFile, signingKey, { mode: 0o600 });
  const sandboxes = await seedSandboxes({ kind: "sqlite", path }, signingKey, count);

  const began = performance.now();
  const server = life.use(
    await startServer("gateway", { ...options, arguments: ["--database", path, "--signing-key", keyFile] }),
  );
  const listensMs = performance.now() - began;
  await allStarted(server, count);
  return {
    server,
    load: await ReplayLoad.prepare(server, sandboxes.map(callOf)),
    start: {
      ...{ sandboxes: count, listensMs },
      settledMs: performance.now() - began,
      settledCpuMs: 1_000 * cpuSeconds(server.pid),
    },
    measured: [],
  };
}

const callOf = ({ id: sandboxId, token }: Sandbox): Call => ({
  method: "GetSandboxConfig",
  token,
  message: toBinary(GetSandboxConfigRequestSchema, create(GetSandboxConfigRequestSchema, { sandboxId })),
});
