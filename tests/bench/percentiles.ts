export const sorted = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b);

/** The value below which `share` (0..1) of the sorted values lie; NaN where there are none. */
export const percentile = (ordered: readonly number[], share: number): number =>
  ordered[Math.min(ordered.length - 1, Math.floor(ordered.length * share))] ?? Number.NaN;

export const median = (values: readonly number[]): number => percentile(sorted(values), 0.5);
