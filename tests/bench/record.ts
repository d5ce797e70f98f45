import { readFileSync, writeFileSync } from "node:fs";

const [begin, end] = ["<!-- figures of a run -->", "<!-- end of the figures -->"];

/** Puts a run's figures into a page, where it has its place for them. @throws Error where it has none. */
export function record(page: URL, figures: string): void {
  const text = readFileSync(page, "utf8");
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${page.pathname}: no place for figures between ${begin} and ${end}`);
  writeFileSync(page, `${text.slice(0, from)}${begin}\n\n${figures}\n\n${text.slice(to)}`);
}
