const unitMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Reads `90s`, `5m`, `1h30m`, `2d` as milliseconds. Anything else is undefined. */
export function parseDuration(text: string): number | undefined {
  if (!/^(\d{1,9}[smhd])+$/.test(text)) return undefined;
  return [...text.matchAll(/(\d+)([smhd])/g)].reduce(
    (total, [, count, unit]) => total + Number(count) * (unitMs[unit ?? ""] ?? 0),
    0,
  );
}

/** A span in its largest whole unit, such as `3d` or `12s`. Spans that are negative, as clocks may differ, are `0s`. */
export function shortSpan(ms: number): string {
  const unit = (["d", "h", "m"] as const).find((name) => ms >= (unitMs[name] ?? 0)) ?? "s";
  return `${Math.max(0, Math.floor(ms / (unitMs[unit] ?? 1)))}${unit}`;
}
