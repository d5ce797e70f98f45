import type { JsonValue } from "@bufbuild/protobuf";
import { Option } from "commander";
import { toYaml } from "./yaml.ts";

const formats = ["table", "json", "yaml"] as const;

export type Format = (typeof formats)[number];

/** `-o/--output`, on every command that prints data. */
export const outputOption = (): Option =>
  new Option("-o, --output <format>", "how to print").choices(formats).default("table");

/** The data in the form that was asked for; the table is made only where it is wanted. */
export function render(format: Format, data: JsonValue, table: () => string): string {
  switch (format) {
    case "table":
      return table();
    case "json":
      return `${JSON.stringify(data, undefined, 2)}\n`;
    case "yaml":
      return toYaml(data);
  }
}
