import type { SandboxLogLine } from "../../../gen/openshell/v1/logs_pb.ts";
import { Refusal } from "../../core/refusal.ts";
import { parseMinLevel, rankOf } from "./levels.ts";

/** Which lines somebody wants. */
export interface LogQuery {
  /** At most so many, the newest; 0 stands for 100. */
  readonly lines: number;
  /** Milliseconds since the epoch; older lines are left out. */
  readonly sinceMs: bigint;
  /** `sandbox`, `gateway`; none stands for all. */
  readonly sources: readonly string[];
  /** Empty for all levels. */
  readonly minLevel: string;
}

const mostSources = 8;

/**
 * Compiles a query's conditions on single lines.
 * @throws Refusal `request-invalid` where the level is not known or there are too many sources.
 */
export function lineFilter(query: Omit<LogQuery, "lines">): (line: SandboxLogLine) => boolean {
  if (query.sources.length > mostSources) {
    throw new Refusal("request-invalid", {
      says: `sources: expected at most ${mostSources}, got ${query.sources.length}`,
    });
  }
  const rank = parseMinLevel(query.minLevel, "min_level");
  const sources = new Set(query.sources);
  const { sinceMs } = query;
  return (line) =>
    line.timestampMs >= sinceMs && (sources.size === 0 || sources.has(line.source)) && rankOf(line.level) >= rank;
}
