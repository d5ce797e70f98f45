import { table, whole } from "./markdown.ts";
import type { ReconnectFigures } from "./measure-reconnect.ts";
import type { StartFigures } from "./measure-start.ts";

const fleets = [100, 1_000, 5_000, 10_000];

/** How often a supervisor calls, in a second: its configuration every 10 s, a new token after 80 % of an hour. */
const pollsEach = 1 / 10;
const refreshesEach = 1 / (0.8 * 3_600);
/** Connections and files that a gateway has by itself. */
const ownDescriptors = 100;

/**
 * What a gateway needs for so many supervisors with a connection each, from what was measured of the most of them;
 * undefined where that was not measured.
 */
export function reportSizing(
  start: StartFigures | undefined,
  reconnect: readonly ReconnectFigures[] | undefined,
): string | undefined {
  const alone = reconnect?.filter(({ perConnection }) => perConnection === 1) ?? [];
  const most = alone.toSorted((a, b) => b.supervisors - a.supervisors)[0];
  if (!start || !most) return undefined;
  const bytesEach = (most.residentBytes - start.idleBytes) / most.supervisors;
  return table(
    ["supervisors", "polls/s", "refreshes/s", "% of one CPU", "resident MB", "file descriptors"],
    fleets.map((count) => [
      ...[count, count * pollsEach].map(whole),
      (count * refreshesEach).toFixed(1),
      ((most.livingCpuMs * count) / 1_000 / 10).toFixed(1),
      ...[(start.idleBytes + count * bytesEach) / 1e6, count + ownDescriptors].map(whole),
    ]),
  );
}
