import type { Colour, Paint } from "./paint.ts";
import { printable } from "./printable.ts";

/** A cell's text, with its colour where it has one. */
export type Cell = string | { readonly text: string; readonly colour: Colour };

const gap = "  ";
const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });
const width = (text: string): number => [...graphemes.segment(text)].length;

function line(cells: readonly Cell[], widths: readonly number[], paint: Paint): string {
  const last = cells.length - 1;
  return cells
    .map((cell, column) => {
      const { text, colour } = typeof cell === "string" ? { text: printable(cell), colour: undefined } : cell;
      const shown = printable(text);
      const padding = column === last ? "" : " ".repeat((widths[column] ?? 0) - width(shown));
      return (colour ? paint(colour, shown) : shown) + padding;
    })
    .join(gap)
    .trimEnd();
}

const measure = (cell: Cell): number => width(printable(typeof cell === "string" ? cell : cell.text));

/** Columns under headings, aligned, one row a line. Without rows it is the headings alone. */
export function table(headings: readonly string[], rows: readonly (readonly Cell[])[], paint: Paint): string {
  const head = headings.map((text): Cell => ({ text, colour: "bold" }));
  const lines = [head, ...rows];
  const widths = headings.map((_, column) => Math.max(...lines.map((cells) => measure(cells[column] ?? ""))));
  return lines.map((cells) => `${line(cells, widths, paint)}\n`).join("");
}

/** One thing's properties, a name and a value a line; properties without a value are left out. */
export function record(
  properties: readonly (readonly [name: string, value: Cell | undefined])[],
  paint: Paint,
): string {
  const rows = properties.flatMap(([name, value]): Cell[][] =>
    value === undefined || value === "" ? [] : [[{ text: name, colour: "bold" }, value]],
  );
  const widths = [Math.max(0, ...rows.map(([name]) => measure(name ?? "")))];
  return rows.map((cells) => `${line(cells, widths, paint)}\n`).join("");
}
