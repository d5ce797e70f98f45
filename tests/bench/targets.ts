import type { CallFigures } from "./measure-calls.ts";
import type { DurableFigures } from "./measure-durable-refreshes.ts";
import type { ReplicaFigures } from "./measure-replicas.ts";
import type { SessionFigures } from "./measure-sessions.ts";
import type { StartFigures } from "./measure-start.ts";

/** All that one run measured. */
export interface Figures {
  readonly calls: readonly CallFigures[];
  readonly sessions: readonly SessionFigures[];
  readonly start: StartFigures;
  readonly durable: readonly DurableFigures[];
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

const mebibyte = 2 ** 20;

/** Compares with what is promised. */
export function compare({ calls, sessions, start, durable, replicas }: Figures): Target[] {
  const own = sessions.find(({ server, perConnection }) => server === "gateway" && perConnection === 1);
  const inSqlite = durable.find(({ store }) => store === "SQLite");
  return [
    target("GetSandboxConfig", "calls per CPU second", 1_300, "at least", callsPerCpuSecond(calls, "GetSandboxConfig")),
    target(
      "RefreshSandboxToken",
      "calls per CPU second",
      800,
      "at least",
      callsPerCpuSecond(calls, "RefreshSandboxToken"),
    ),
    target("idle session", "KiB", 64, "at most", (own?.residentBytes ?? Number.NaN) / 1024),
    target("idle gateway", "MiB", 120, "at most", start.idleBytes / mebibyte),
    target("start to ready", "ms", 600, "at most", start.readyMs),
    target("durable refreshes on SQLite", "per CPU second", 2_000, "at least", inSqlite?.perCpuSecond ?? Number.NaN),
    ...(replicas ? replicaTargets(replicas) : []),
  ];
}

const replicaTargets = ({ revocations, rotations }: ReplicaFigures): Target[] => [
  target("revoked at one, refused at the other", "ms at p99", 250, "at most", revocations.p99Ms),
  target("calls that failed while keys changed", `of ${rotations.calls}`, 0, "at most", rotations.failed),
];

/** The least of all shapes: a promise holds however calls come. */
function callsPerCpuSecond(calls: readonly CallFigures[], wanted: string): number {
  const own = calls.filter(({ server, method }) => server === "gateway" && method === wanted);
  return Math.min(...own.map((figures) => figures.callsPerCpuSecond));
}

function target(name: string, unit: string, wanted: number, bound: Target["bound"], measured: number): Target {
  return {
    ...{ name, unit, wanted, bound, measured },
    isMet: bound === "at least" ? measured >= wanted : measured <= wanted,
  };
}
