import { fine, table, whole } from "./markdown.ts";
import type { DurableFigures } from "./measure-durable-refreshes.ts";
import type { ReconnectFigures } from "./measure-reconnect.ts";
import type { ReplicaFigures } from "./measure-replicas.ts";
import type { SandboxFigures } from "./measure-sandboxes.ts";
import type { SessionFigures } from "./measure-sessions.ts";
import type { StartFigures } from "./measure-start.ts";
import { reportCalls } from "./report-calls.ts";
import type { Figures, Target } from "./targets.ts";

/** The figures as Markdown, ready to be pasted into `docs/benchmarks.md`. */
export function report(figures: Figures, targets: readonly Target[]): string {
  const { calls = [], sandboxes, reconnect, sessions, start, durable, replicas } = figures;
  return [
    ...(targets.length > 0 ? ["### Targets", targetTable(targets)] : []),
    ...reportCalls(calls),
    ...(sandboxes ? ["### GetSandboxConfig by sandboxes in the store", sandboxTable(sandboxes)] : []),
    ...(reconnect ? ["### Supervisors that are connected", livingTable(reconnect)] : []),
    ...(reconnect ? ["### Supervisors that come back from a restart", reconnectTable(reconnect)] : []),
    ...(sessions ? ["### Memory of one idle session", sessionTable(sessions)] : []),
    ...(start ? ["### The program", startTable(start)] : []),
    ...(durable ? ["### Refreshes without the wire", durableTable(durable)] : []),
    ...(replicas ? ["### Two gateways on one Postgres", replicaTable(replicas)] : []),
  ].join("\n\n");
}

function targetTable(targets: readonly Target[]): string {
  return table(
    ["what", "target", "measured", "unit", ""],
    targets.map(({ name, bound, wanted, measured, unit, isMet }) => [
      name,
      `${bound} ${figure(wanted)}`,
      figure(measured),
      unit,
      isMet ? "met" : "MISSED",
    ]),
  );
}

/** Shares are shown with their digits behind the point. */
const figure = (value: number): string => (Number.isInteger(value) || value >= 10 ? whole(value) : fine(value));

function sandboxTable(figures: readonly SandboxFigures[]): string {
  const [smallest] = figures;
  return table(
    [
      ...["sandboxes", "calls/CPU s", "to the fewest", "p50 / p99 ms", "listens after ms", "all looked after, ms"],
      ...["CPU ms until then", "KiB of heap each"],
    ],
    figures.map((row) => [
      whole(row.sandboxes),
      whole(row.callsPerCpuSecond),
      fine(row.callsPerCpuSecond / (smallest?.callsPerCpuSecond ?? Number.NaN)),
      `${fine(row.p50Ms)} / ${fine(row.p99Ms)}`,
      ...[row.listensMs, row.settledMs, row.settledCpuMs].map(whole),
      // Of what those have beyond the smallest number, as a gateway without any has a heap too.
      row === smallest ? "-" : fine(heapEach(row, smallest) / 1_024),
    ]),
  );
}

const heapEach = (row: SandboxFigures, smallest: SandboxFigures | undefined): number =>
  (row.heapBytes - (smallest?.heapBytes ?? 0)) / (row.sandboxes - (smallest?.sandboxes ?? 0));

function livingTable(figures: readonly ReconnectFigures[]): string {
  return table(
    ["supervisors", "on each connection", "CPU ms a second for each 1,000", "resident MB"],
    figures.map(({ supervisors, perConnection, livingCpuMs, residentBytes }) => [
      ...[whole(supervisors), whole(perConnection), livingCpuMs.toFixed(1), whole(residentBytes / 1e6)],
    ]),
  );
}

function reconnectTable(figures: readonly ReconnectFigures[]): string {
  return table(
    [
      ...["supervisors", "on each connection", "gateway", "down ms", "served after it listens: p50 / p99 / last ms"],
      ...["away: p50 / p99 / last ms", "refused", "again", "CPU ms each"],
    ],
    figures.map(({ supervisors, perConnection, how, downMs, served, away, refused, refusedAgain, cpuMsEach }) => [
      ...[whole(supervisors), whole(perConnection), how, whole(downMs)],
      ...[served, away].map(({ p50, p99, last }) => [p50, p99, last].map(whole).join(" / ")),
      ...[whole(refused), whole(refusedAgain), fine(cpuMsEach)],
    ]),
  );
}

function sessionTable(figures: readonly SessionFigures[]): string {
  return table(
    ["server", "on each connection", "KiB", "of it in V8's heap"],
    figures.map(({ server, perConnection, residentBytes, heapBytes }) => [
      ...[server, whole(perConnection)],
      ...[residentBytes, heapBytes].map((bytes) => (bytes / 1_024).toFixed(1)),
    ]),
  );
}

function startTable({ readyMs, readyCpuMs, firstReadyMs, idleBytes }: StartFigures): string {
  return table(
    ["ready after ms", "CPU ms until then", "the first time, ms", "idle, MB"],
    [[whole(readyMs), whole(readyCpuMs), whole(firstReadyMs), whole(idleBytes / 1e6)]],
  );
}

function durableTable(figures: readonly DurableFigures[]): string {
  return table(
    ["store", "families at once", "refreshes/s", "refreshes/CPU s", "µs of the database's CPU each"],
    figures.map(({ store, families, perSecond, perCpuSecond, databaseMicroseconds }) => [
      store,
      ...[families, perSecond, perCpuSecond, databaseMicroseconds].map(whole),
    ]),
  );
}

function replicaTable({ refreshesPerSecond, revocations, rotations }: ReplicaFigures): string {
  return table(
    [
      "refreshes/s beside",
      "tokens revoked",
      "refused elsewhere after: p50 / p99 ms",
      "keys changed",
      "calls that failed",
    ],
    [
      [
        ...[whole(refreshesPerSecond), whole(revocations.count)],
        `${whole(revocations.p50Ms)} / ${whole(revocations.p99Ms)}`,
        ...[whole(rotations.count), `${whole(rotations.failed)} of ${whole(rotations.calls)}`],
      ],
    ],
  );
}
