/**
 * Which transactions a reader had seen: `xmin:xmax:xip,xip,…`, as `pg_current_snapshot()` says it. Transaction ids have
 * 64 bits and stay texts.
 */
export interface Snapshot {
  /** No transaction from this one on had ended. */
  readonly xmax: string;
  /** Of those before `xmax`, the ones that were in progress. */
  readonly inProgress: readonly string[];
}

const spelling = /^\d+:(?<xmax>\d+):(?<inProgress>[\d,]*)$/;

/** @throws Error where the text is no snapshot. */
export function parseSnapshot(text: string): Snapshot {
  const { xmax, inProgress } = spelling.exec(text)?.groups ?? {};
  if (xmax === undefined || inProgress === undefined) throw new Error("the database answered with no snapshot");
  return { xmax, inProgress: inProgress === "" ? [] : inProgress.split(",") };
}
