import type { CallFigures } from "./measure-calls.ts";
import type { DurableFigures } from "./measure-durable-refreshes.ts";
import type { ReconnectFigures } from "./measure-reconnect.ts";
import type { ReplicaFigures } from "./measure-replicas.ts";
import type { SandboxFigures } from "./measure-sandboxes.ts";
import type { SessionFigures } from "./measure-sessions.ts";
import type { StartFigures } from "./measure-start.ts";
import type { Shape } from "./plan.ts";

/** What one run measured; what it left out is undefined. */
export interface Figures {
  readonly calls: readonly CallFigures[] | undefined;
  readonly sandboxes: readonly SandboxFigures[] | undefined;
  readonly reconnect: readonly ReconnectFigures[] | undefined;
  readonly sessions: readonly SessionFigures[] | undefined;
  readonly start: StartFigures | undefined;
  readonly durable: readonly DurableFigures[] | undefined;
  /** Where there is a Postgres. */
  readonly replicas: ReplicaFigures | undefined;
}

/** A promise of the gateway, and what was measured of it. */
export interface Target {
  readonly name: string;
  readonly unit: string;
  readonly wanted: number;
  /** Is the wanted figure the least that is good, or the most? */
  readonly bound: "at least" | "at most";
  readonly measured: number;
  readonly isMet: boolean;
}

const perCpuSecond = "calls per CPU second";

/** Compares with what is promised. */
export function compare(figures: Figures): Target[] {
  const { calls, sandboxes, reconnect, sessions, start, durable, replicas } = figures;
  return [
    ...(calls ? callTargets(calls) : []),
    ...(sandboxes ? [flatTarget(sandboxes)] : []),
    ...(reconnect ? [reconnectTarget(reconnect)] : []),
    ...(sessions ? [sessionTarget(sessions)] : []),
    ...(start ? startTargets(start) : []),
    ...(durable ? [durableTarget(durable)] : []),
    ...(replicas ? replicaTargets(replicas) : []),
  ];
}

/** The least of all shapes counts: a promise holds however calls come. */
function callTargets(all: readonly CallFigures[]): Target[] {
  const onSqlite = all.filter(({ store }) => store === "SQLite");
  const cleartext = onSqlite.filter(({ transport }) => transport === "cleartext");
  const ratios = (["cleartext", "TLS"] as const)
    .map((transport) => ({ transport, least: leastRatio(onSqlite.filter((row) => row.transport === transport)) }))
    .filter(({ least }) => Number.isFinite(least));
  return [
    ...rateTargets(cleartext, "GetSandboxConfig", 10_000),
    ...ratios.map(({ transport, least }) =>
      target(`GetSandboxConfig, ${transport}`, "of node:http2, same work", 0.6, "at least", least),
    ),
    ...rateTargets(cleartext, "Health", 10_000),
    ...rateTargets(cleartext, "RefreshSandboxToken", 2_500),
  ];
}

/**
 * Where twenty calls and more are in flight: on one connection, and on a connection each, where the kernel reads and writes
 * for every call by itself. Of a single caller that waits for each answer, what the kernel and libuv do to wake up costs
 * more than most servers' own work, as the peers show: that is compared by its ratio alone.
 */
function rateTargets(calls: readonly CallFigures[], method: string, wanted: number): Target[] {
  const own = calls.filter((row) => row.server === "gateway" && row.method === method);
  const least = (isOfKind: (shape: Shape) => boolean) =>
    Math.min(...own.filter(({ shape }) => isOfKind(shape)).map((row) => row.callsPerCpuSecond));
  const kinds = [
    { kind: "on one connection", least: least(({ streams }) => streams >= 20) },
    { kind: "on a connection each", least: least(({ connections }) => connections >= 20) },
  ].filter((of) => Number.isFinite(of.least));
  return kinds.map((of) => target(`${method}, ${of.kind}`, perCpuSecond, wanted, "at least", of.least));
}

function leastRatio(calls: readonly CallFigures[]): number {
  const rows = calls.filter(({ method }) => method === "GetSandboxConfig");
  const peers = rows.filter(({ server }) => server === "node:http2, same work");
  const ratios = rows
    .filter(({ server }) => server === "gateway")
    .flatMap(({ shape, callsPerCpuSecond }) =>
      peers.filter((peer) => peer.shape === shape).map((peer) => callsPerCpuSecond / peer.callsPerCpuSecond),
    );
  return Math.min(...ratios);
}

/** How much of the speed with the fewest sandboxes is left with more. */
function flatTarget(figures: readonly SandboxFigures[]): Target {
  const rates = figures.map(({ callsPerCpuSecond }) => callsPerCpuSecond);
  const most = Math.max(...figures.map(({ sandboxes }) => sandboxes));
  return target(
    `GetSandboxConfig with up to ${most} sandboxes`,
    "% of that with the fewest",
    90,
    "at least",
    (100 * Math.min(...rates)) / (rates[0] ?? Number.NaN),
  );
}

const reconnectTarget = (figures: readonly ReconnectFigures[]): Target =>
  target(
    "supervisors refused for longer than told",
    `of ${figures.reduce((sum, { supervisors }) => sum + supervisors, 0)}`,
    0,
    "at most",
    figures.reduce((sum, { refusedAgain }) => sum + refusedAgain, 0),
  );

function sessionTarget(sessions: readonly SessionFigures[]): Target {
  const own = sessions.find(({ server, perConnection }) => server === "gateway" && perConnection === 1);
  return target("idle session", "KiB", 55, "at most", (own?.residentBytes ?? Number.NaN) / 1_024);
}

const startTargets = ({ idleBytes, readyMs }: StartFigures): Target[] => [
  target("idle gateway", "MB", 100, "at most", idleBytes / 1e6),
  target("start to ready", "ms", 350, "at most", readyMs),
];

function durableTarget(durable: readonly DurableFigures[]): Target {
  const inSqlite = durable.find(({ store }) => store === "SQLite");
  const measured = inSqlite?.perCpuSecond ?? Number.NaN;
  return target("refreshes on SQLite, without the wire", "per CPU second", 2_500, "at least", measured);
}

const replicaTargets = ({ revocations, rotations }: ReplicaFigures): Target[] => [
  target("revoked at one, refused at the other", "ms at p99", 250, "at most", revocations.p99Ms),
  target("calls that failed while keys changed", `of ${rotations.calls}`, 0, "at most", rotations.failed),
];

function target(name: string, unit: string, wanted: number, bound: Target["bound"], measured: number): Target {
  return {
    ...{ name, unit, wanted, bound, measured },
    isMet: bound === "at least" ? measured >= wanted : measured <= wanted,
  };
}
