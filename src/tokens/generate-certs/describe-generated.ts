import type { SetReport } from "./generate-certs.ts";

/** For a person: what was made, and what was there already. Several lines, without a last line feed. */
export function describeGenerated(reports: readonly SetReport[]): string {
  const lines = reports.flatMap(({ name, outcome, directory, paths }) =>
    outcome === "kept"
      ? [`${name}: all files are in ${directory} already, nothing was changed`]
      : [`${name}: ${outcome} in ${directory}`, ...paths.map((path) => `  ${path}`)],
  );
  return lines.join("\n");
}
