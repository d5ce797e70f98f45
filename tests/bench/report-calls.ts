import { fine, table, whole } from "./markdown.ts";
import { type CallFigures, nameOf } from "./measure-calls.ts";
import type { ServerName } from "./server-process.ts";

const own: ServerName = "gateway";

/** Tables of calls, two for each suite; ratios are the gateway's calls per CPU second to the other's. */
export function reportCalls(figures: readonly CallFigures[]): string[] {
  const suites = Map.groupBy(figures, ({ transport, store }) => `${transport}, ${store}`);
  return [...suites].flatMap(([suite, rows]) => [
    `### Calls per CPU second: ${suite}`,
    cpuTable(rows),
    `### p50 / p99 in milliseconds: ${suite}`,
    timeTable(rows),
  ]);
}

function cpuTable(figures: readonly CallFigures[]): string {
  const servers = serversOf(figures);
  const compared = servers.filter((name) => name !== own);
  return table(
    ["method", "shape", ...servers, ...compared.map((name) => `to ${name}`)],
    rowsOf(figures).map(({ first, byServer }) => {
      const cpu = (name: ServerName) => byServer.get(name)?.callsPerCpuSecond;
      return [
        ...[first.method, nameOf(first.shape)],
        ...servers.map((name) => whole(cpu(name))),
        ...compared.map((name) => fine(ratio(cpu(own), cpu(name)))),
      ];
    }),
  );
}

function timeTable(figures: readonly CallFigures[]): string {
  const servers = serversOf(figures);
  return table(
    ["method", "shape", ...servers],
    rowsOf(figures).map(({ first, byServer }) => [
      ...[first.method, nameOf(first.shape)],
      ...servers.map((name) => {
        const row = byServer.get(name);
        return row ? `${fine(row.p50Ms)} / ${fine(row.p99Ms)}` : "-";
      }),
    ]),
  );
}

const serversOf = (figures: readonly CallFigures[]): ServerName[] => [...new Set(figures.map(({ server }) => server))];

/** One row for each method and shape. */
function rowsOf(figures: readonly CallFigures[]) {
  const groups = Map.groupBy(figures, ({ method, shape }) => `${method} ${nameOf(shape)}`);
  return [...groups.values()].flatMap((row) => {
    const [first] = row;
    return first ? [{ first, byServer: new Map(row.map((one) => [one.server, one])) }] : [];
  });
}

const ratio = (of: number | undefined, to: number | undefined): number | undefined =>
  of === undefined || to === undefined ? undefined : of / to;
