/** How data is shown: tables, JSON and YAML, without a character that a terminal would obey. */
export { parseDuration, shortSpan } from "./duration.ts";
export { type Format, outputOption, render } from "./format.ts";
export { type Colour, choosePaint, type Paint } from "./paint.ts";
export { printable } from "./printable.ts";
export { type Cell, record, table } from "./table.ts";
