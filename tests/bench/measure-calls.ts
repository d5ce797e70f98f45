import { create, toBinary } from "@bufbuild/protobuf";
import { GetSandboxConfigRequestSchema } from "../../gen/openshell/sandbox/v1/config_pb.ts";
import { createSandboxes } from "./create-sandboxes.ts";
import { type Call, callUnary, openConnection } from "./grpc.ts";
import { loadWithH2load } from "./h2load.ts";
import type { Load, Loaded } from "./load.ts";
import { median } from "./percentiles.ts";
import type { Plan, Shape } from "./plan.ts";
import { cpuSeconds } from "./process-figures.ts";
import { RefreshChains } from "./refresh-chains.ts";
import { type ServerName, type ServerOptions, type ServerProcess, serverNames, startServer } from "./server-process.ts";

/** What one server did of one method's calls in one shape: the medians of the rounds. */
export interface CallFigures {
  readonly method: string;
  readonly shape: Shape;
  readonly server: ServerName;
  readonly callsPerSecond: number;
  /** Of the server's own CPU time, user and system, all threads. */
  readonly callsPerCpuSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** One method against one server. */
interface Subject {
  readonly server: ServerProcess;
  readonly method: string;
  load(load: Load): Promise<Loaded>;
}

/** Measures the three methods on all servers, their turns interleaved, since a machine is not the same from minute to minute. */
export async function measureCalls(
  plan: Plan,
  options: ServerOptions,
  say: (line: string) => void,
): Promise<CallFigures[]> {
  await using life = new AsyncDisposableStack();
  const servers: ServerProcess[] = [];
  for (const name of serverNames) servers.push(life.use(await startServer(name, options)));
  const [gateway] = servers;
  if (!gateway) return [];

  const families = Math.max(...plan.shapes.map(({ connections, streams }) => connections * streams));
  const [sandbox, ...others] = await createSandboxes(gateway, families + 1);
  if (!sandbox) return [];
  const { id: sandboxId, token } = sandbox;
  const config = toBinary(GetSandboxConfigRequestSchema, create(GetSandboxConfigRequestSchema, { sandboxId }));
  const unary: Call[] = [
    { method: "Health", token, message: new Uint8Array() },
    { method: "GetSandboxConfig", token, message: config },
  ];
  const firstTokens = others.map((other) => other.token);
  const refresh: Call = { method: "RefreshSandboxToken", token: firstTokens[0] ?? "", message: new Uint8Array() };

  // The peers answer with the gateway's own bytes.
  const answers = new Map<string, Buffer>();
  {
    using connection = await openConnection(gateway.url);
    for (const call of [...unary, refresh]) answers.set(call.method, await callUnary(connection, call));
  }
  for (const peer of servers.slice(1)) for (const [method, bytes] of answers) await peer.answer(method, bytes);

  const figures: CallFigures[] = [];
  const subjects = [...unary, refresh].map((call) =>
    servers.map((server): Subject => {
      const chains = call === refresh && new RefreshChains(server.url, firstTokens);
      const bytes = answers.get(call.method)?.length ?? 0;
      return {
        ...{ server, method: call.method },
        load: (load) => (chains ? chains.load(load) : loadWithH2load(server.url, call, bytes, load)),
      };
    }),
  );
  for (const contenders of subjects) {
    for (const { load } of contenders) await load({ calls: plan.warmUpCalls, connections: 16, streams: 1 });
    for (const shape of plan.shapes) {
      const measured = await measureShape(contenders, shape, plan);
      figures.push(...measured);
      say(`${contenders[0]?.method}, ${nameOf(shape)}`);
    }
  }
  return figures;
}

export const nameOf = ({ connections, streams }: Shape): string => `${connections} x ${streams}`;

async function measureShape(contenders: readonly Subject[], shape: Shape, { rounds, seconds }: Plan) {
  const perRound: number[] = [];
  for (const { load } of contenders) {
    // Tells how many calls fit into the time.
    const { calls, seconds: took } = await load({ ...shape, calls: 1_000 });
    perRound.push(Math.max(256, Math.round((calls / took) * seconds)));
  }
  const measured = contenders.map((): Measured[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [at, { server, load }] of contenders.entries()) {
      const before = cpuSeconds(server.pid);
      const loaded = await load({ ...shape, calls: perRound[at] ?? 0 });
      measured[at]?.push({ ...loaded, cpuSeconds: cpuSeconds(server.pid) - before });
    }
  }
  return contenders.map(({ server, method }, at): CallFigures => {
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

type Measured = Loaded & { readonly cpuSeconds: number };
