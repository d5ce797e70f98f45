import { type CallFigures, nameOf } from "./measure-calls.ts";
import type { ReplicaFigures } from "./measure-replicas.ts";
import type { SessionFigures } from "./measure-sessions.ts";
import type { Figures, Target } from "./targets.ts";

/** The figures as tables for people. */
export function report(figures: Figures, targets: readonly Target[]): string {
  const { start } = figures;
  return [
    "",
    "Calls: connections x calls at once on each; ratios are the gateway's calls per CPU second to the peer's",
    table(
      ["method", "shape", "server", "calls/s", "calls/CPU s", "ratio", "p50 ms", "p99 ms"],
      figures.calls.map((row) => callRow(row, figures.calls)),
    ),
    "Memory of one idle session",
    table(
      ["server", "on each connection", "KiB", "of it in V8's heap", "ratio"],
      figures.sessions.map((row) => sessionRow(row, figures.sessions)),
    ),
    `The program: ready after ${start.readyMs.toFixed(0)} ms and ${start.readyCpuMs.toFixed(0)} ms of CPU time (the first time after ${start.firstReadyMs.toFixed(0)} ms), idle ${(start.idleBytes / 2 ** 20).toFixed(0)} MiB`,
    "",
    "Refreshes without the wire, each on disk before it counts",
    table(
      ["store", "families at once", "refreshes/s", "refreshes/CPU s", "us of the database's CPU each"],
      figures.durable.map(({ store, families, perSecond, perCpuSecond, databaseMicroseconds }) => [
        store,
        ...[families, perSecond, perCpuSecond, databaseMicroseconds].map((value) => value.toFixed(0)),
      ]),
    ),
    ...replicaLines(figures.replicas),
    "Targets",
    table(
      ["what", "wanted", "measured", "unit", ""],
      targets.map(({ name, bound, wanted, measured, unit, isMet }) => [
        name,
        `${bound} ${wanted}`,
        measured.toFixed(0),
        unit,
        isMet ? "met" : "MISSED",
      ]),
    ),
  ].join("\n");
}

function replicaLines(replicas: ReplicaFigures | undefined): string[] {
  if (!replicas) return [];
  const { refreshesPerSecond, revocations, rotations } = replicas;
  return [
    `Two gateways on one Postgres, while supervisors refresh ${refreshesPerSecond.toFixed(0)} times a second`,
    `  a token that one revoked was refused by the other after ${revocations.p50Ms.toFixed(0)} ms (p50), ${revocations.p99Ms.toFixed(0)} ms (p99), ${revocations.count} times`,
    `  signing keys changed ${rotations.count} times: ${rotations.failed} of ${rotations.calls} calls failed`,
    "",
  ];
}

function callRow(row: CallFigures, all: readonly CallFigures[]): string[] {
  const own = all.find(({ server, method, shape }) => {
    return server === "gateway" && method === row.method && shape === row.shape;
  });
  return [
    row.method,
    nameOf(row.shape),
    row.server,
    row.callsPerSecond.toFixed(0),
    row.callsPerCpuSecond.toFixed(0),
    ratio(own?.callsPerCpuSecond, row.callsPerCpuSecond),
    row.p50Ms.toFixed(2),
    row.p99Ms.toFixed(2),
  ];
}

function sessionRow(row: SessionFigures, all: readonly SessionFigures[]): string[] {
  const own = all.find(({ server, perConnection }) => server === "gateway" && perConnection === row.perConnection);
  const kibibytes = (bytes: number) => (bytes / 1024).toFixed(1);
  return [
    row.server,
    String(row.perConnection),
    kibibytes(row.residentBytes),
    kibibytes(row.heapBytes),
    ratio(own?.residentBytes, row.residentBytes),
  ];
}

const ratio = (own: number | undefined, other: number): string => ((own ?? Number.NaN) / other).toFixed(2);

/** Columns of text, the first ones to the left and numbers to the right. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, at) => Math.max(title.length, ...rows.map((row) => row[at]?.length ?? 0)));
  const isNumber = (text: string) => /^-?[\d.]+$/.test(text);
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, at) => (isNumber(cell) ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0)))
      .join("  ");
  return [head, ...rows]
    .map((cells) => `  ${line(cells).trimEnd()}`)
    .join("\n")
    .concat("\n");
}
