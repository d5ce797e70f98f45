import type { Postgres } from "../support/postgres.ts";
import type { Loaded } from "./load.ts";
import { median } from "./percentiles.ts";
import type { Plan, Shape, Suite } from "./plan.ts";
import type { ServerOptions } from "./server-process.ts";
import { isGateway, type ServerName, type ServerProcess, startServer } from "./server-process.ts";
import { type Subject, subjectsOf } from "./subjects.ts";

/** What one server did of one method's calls in one shape: the medians of the rounds. */
export interface CallFigures extends Pick<Suite, "transport" | "store"> {
  readonly method: string;
  readonly shape: Shape;
  readonly server: ServerName;
  readonly callsPerSecond: number;
  /** Of the server's own CPU time, user and system, all threads. */
  readonly callsPerCpuSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Measures the methods on all servers of each suite, their turns interleaved, since a machine is not the same from minute to minute. */
export async function measureCalls(
  plan: Plan,
  options: ServerOptions,
  postgres: Postgres | undefined,
  say: (line: string) => void,
): Promise<CallFigures[]> {
  const figures: CallFigures[] = [];
  for (const suite of plan.suites) {
    if (suite.store === "Postgres" && !postgres) continue;
    await using life = new AsyncDisposableStack();
    const servers: ServerProcess[] = [];
    for (const name of suite.servers) servers.push(life.use(await startOne(name, suite, options, postgres, life)));
    const families = Math.max(...suite.shapes.map(({ connections, streams }) => connections * streams));
    for (const contenders of await subjectsOf(servers, families)) {
      const [first] = contenders;
      for (const { load } of contenders) await load({ calls: plan.warmUpCalls, connections: 16, streams: 1 });
      for (const shape of suite.shapes) {
        const measured = await measureShape(contenders, shape, plan);
        figures.push(...measured.map((row) => ({ ...row, transport: suite.transport, store: suite.store })));
        say(`${first?.method}, ${nameOf(shape)}, ${suite.transport}, ${suite.store}`);
      }
    }
  }
  return figures;
}

export const nameOf = ({ connections, streams }: Shape): string => `${connections} x ${streams}`;

async function startOne(
  name: ServerName,
  { transport, store }: Suite,
  options: ServerOptions,
  postgres: Postgres | undefined,
  life: AsyncDisposableStack,
): Promise<ServerProcess> {
  const database = store === "Postgres" && isGateway(name) ? await postgres?.createDatabase() : undefined;
  if (database) life.use(database);
  return startServer(name, {
    ...options,
    certificate: transport === "TLS" ? options.certificate : undefined,
    arguments: database ? ["--database", database.url.reveal()] : [],
  });
}

type Row = Omit<CallFigures, "transport" | "store">;

async function measureShape(contenders: readonly Subject[], shape: Shape, { rounds, seconds }: Plan): Promise<Row[]> {
  const perRound: number[] = [];
  for (const { load } of contenders) {
    // Tells how many calls fit into the time.
    const { calls, seconds: took } = await load({ ...shape, calls: 1_000 });
    perRound.push(10 * Math.max(40, Math.round(((calls / took) * seconds) / 10)));
  }
  const measured = contenders.map((): Loaded[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [at, { load }] of contenders.entries()) {
      measured[at]?.push(await load({ ...shape, calls: perRound[at] ?? 0 }));
    }
  }
  return contenders.map(({ server, method }, at) => {
    const all = measured[at] ?? [];
    return {
      ...{ method, shape, server: server.name },
      callsPerSecond: median(all.map(({ calls, seconds: took }) => calls / took)),
      callsPerCpuSecond: median(all.map(({ calls, cpuSeconds: used }) => calls / used)),
      p50Ms: median(all.map(({ p50Ms }) => p50Ms)),
      p99Ms: median(all.map(({ p99Ms }) => p99Ms)),
    };
  });
}
