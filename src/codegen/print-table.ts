import type { DescService } from "@bufbuild/protobuf";
import type { GeneratedFile } from "@bufbuild/protoplugin";
import type { Row } from "./row.ts";

/** A service's rows by method, as local names. */
export type Table = ReadonlyMap<string, Row>;

/** Prints a service's table as one constant with literal types: handlers derive from it what they may see. */
export function printTable(file: GeneratedFile, service: DescService, table: Table): void {
  const name = `${service.name.charAt(0).toLowerCase()}${service.name.slice(1)}Authorization`;
  file.print(file.jsDoc(`Who may call the methods of ${service.typeName}, and what in a request names a sandbox.`));
  file.print(file.export("const", name), " = {");
  for (const [method, row] of table) file.print("  ", method, ": ", literal(row), ",");
  file.print("} as const;");
  file.print();
}

/** A value of strings, booleans, arrays and objects as TypeScript. */
function literal(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  return `{ ${Object.entries(value)
    .map(([key, member]) => `${key}: ${literal(member)}`)
    .join(", ")} }`;
}
