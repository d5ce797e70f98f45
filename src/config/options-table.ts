import type { Option } from "./option.ts";
import { optionNames, options } from "./options/index.ts";

/** All options as a Markdown table, for `docs/configuration.md`. */
export function optionsTable(): string {
  const rows = optionNames.map((name) => row(options[name]));
  return ["| Flag | Environment | File | Takes | Default | |", "|---|---|---|---|---|---|", ...rows].join("\n");
}

function row({ flag, alias, env, key, kind, otherwise, says }: Option<unknown>): string {
  const code = (texts: readonly (string | undefined)[]) =>
    texts
      .filter((text) => text !== undefined)
      .map((text) => `\`${text}\``)
      .join(" ") || "–";
  return `| ${[code([flag, alias]), code([env]), code([key]), kind.expected, otherwise, says].join(" | ")} |`;
}
