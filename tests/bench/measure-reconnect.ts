import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { generateSigningKey } from "../../src/tokens/index.ts";
import { allStarted } from "./all-started.ts";
import { Fleet, type Gone, type Return } from "./fleet.ts";
import { lowPort } from "./low-port.ts";
import { percentile, sorted } from "./percentiles.ts";
import type { Plan, Restart } from "./plan.ts";
import { cpuSeconds, residentBytes } from "./process-figures.ts";
import { seedSandboxes } from "./seed-sandboxes.ts";
import { type ServerOptions, type ServerProcess, startServer } from "./server-process.ts";
import type { Sandbox } from "./supervisor-sessions.ts";

/** How a fleet lived, and how it came back from a restart. */
export interface ReconnectFigures extends Restart {
  /** CPU time of the gateway while they only lived, in milliseconds a second for each thousand of them. */
  readonly livingCpuMs: number;
  /** Resident memory of the gateway then, in bytes. */
  readonly residentBytes: number;
  /** From the beginning of the end of one gateway until the next one listens. */
  readonly downMs: number;
  /** From the moment that it listens until each has a session and its configuration. */
  readonly served: Spread;
  /** From the loss of its session until each is served again. */
  readonly away: Spread;
  /** Tries that the next gateway refused. */
  readonly refused: number;
  /** Of those, tries of a supervisor that had been refused before and had waited as it was told. */
  readonly refusedAgain: number;
  /** CPU time of the next gateway from its start until all were served, in milliseconds for each supervisor. */
  readonly cpuMsEach: number;
}

/** In milliseconds. */
interface Spread {
  readonly p50: number;
  readonly p99: number;
  readonly last: number;
}

/** Processes that supervisors are spread over. */
const processes = 2;

/** Restarts a gateway under its supervisors, each time with a store that has these and no others. */
export async function measureReconnect(
  { restarts, livingSeconds }: Plan,
  options: ServerOptions,
  say: (line: string) => void,
): Promise<ReconnectFigures[]> {
  using folder = new DisposableStack();
  const directory = mkdtempSync(join(options.directory, "reconnect-"));
  folder.defer(() => rmSync(directory, { recursive: true, force: true }));
  const keyFile = join(directory, "signing.pem");
  const signingKey = generateSigningKey().signing.reveal();
  writeFileSync(keyFile, signingKey, { mode: 0o600 });
  const port = String(await lowPort());
  const figures: ReconnectFigures[] = [];
  for (const restart of restarts) {
    const { supervisors, perConnection, how } = restart;
    const path = join(directory, `${figures.length}.db`);
    const sandboxes = await seedSandboxes({ kind: "sqlite", path }, signingKey, supervisors);
    const given = ["--database", path, "--signing-key", keyFile, "--port", port];
    const start = () => startServer("gateway", { ...options, arguments: given });
    figures.push(await measure(restart, livingSeconds, sandboxes, start));
    say(`${supervisors} supervisors, ${perConnection} on each connection, ${how}`);
  }
  return figures;
}

async function measure(
  restart: Restart,
  livingSeconds: number,
  sandboxes: readonly Sandbox[],
  start: () => Promise<ServerProcess>,
): Promise<ReconnectFigures> {
  await using life = new AsyncDisposableStack();
  const { perConnection, how } = restart;
  const first = life.use(await start());
  const each = Math.ceil(sandboxes.length / processes / perConnection) * perConnection;
  const fleets = Array.from({ length: processes }, (_, at) =>
    life.use(new Fleet({ url: first.url, perConnection, sandboxes: sandboxes.slice(at * each, (at + 1) * each) })),
  );
  await Promise.all(fleets.map((fleet) => fleet.served()));
  // What a start asks for is over then, and counted with nobody's life.
  await allStarted(first, sandboxes.length);

  const usedBefore = cpuSeconds(first.pid);
  await new Promise((resolve) => setTimeout(resolve, 1_000 * livingSeconds));
  const livingCpuMs = (1_000 * (cpuSeconds(first.pid) - usedBefore)) / livingSeconds / (sandboxes.length / 1_000);
  const resident = residentBytes(first.pid);

  const endedAt = Date.now();
  if (how === "drained") await first.ask("drain");
  else await first.kill();
  await first[Symbol.asyncDispose]();
  const gone: Gone = { at: Date.now() };
  const takeOver = async () => ({ next: life.use(await start()), listensAt: Date.now() });
  const back = fleets.map((fleet) => fleet.servedAfter(gone));
  const [{ next, listensAt }, ...returned] = await Promise.all([takeOver(), ...back]);
  const returns = returned.flat();
  const refusals = returns.map((one) => one.refusals.filter(({ at }) => at >= listensAt));
  return {
    ...restart,
    ...{ livingCpuMs, residentBytes: resident },
    downMs: listensAt - endedAt,
    served: spread(returns.map(({ servedAt }) => servedAt - listensAt)),
    away: spread(returns.map(awayMs)),
    refused: refusals.flat().length,
    refusedAgain: refusals.flatMap((of) => of.slice(1)).length,
    cpuMsEach: (1_000 * cpuSeconds(next.pid)) / sandboxes.length,
  };
}

const awayMs = ({ lostAt, servedAt }: Return) => servedAt - lostAt;

function spread(valuesMs: readonly number[]): Spread {
  const ordered = sorted(valuesMs);
  return { p50: percentile(ordered, 0.5), p99: percentile(ordered, 0.99), last: ordered.at(-1) ?? Number.NaN };
}
