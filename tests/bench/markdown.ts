/** A table in Markdown, its columns aligned for those who read the source too; what looks like a number stands right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, at) => Math.max(title.length, 3, ...rows.map((row) => row[at]?.length ?? 0)));
  const isRight = head.map((_, at) => rows.every((row) => isNumber(row[at] ?? "")));
  const cell = (text: string, at: number) =>
    isRight[at] ? text.padStart(widths[at] ?? 0) : text.padEnd(widths[at] ?? 0);
  const line = (cells: readonly string[]) => `| ${head.map((_, at) => cell(cells[at] ?? "", at)).join(" | ")} |`;
  const rule = `| ${widths.map((width, at) => (isRight[at] ? `${"-".repeat(width - 1)}:` : "-".repeat(width))).join(" | ")} |`;
  return [line(head), rule, ...rows.map(line)].join("\n");
}

const isNumber = (text: string): boolean => /^$|^-$|^[\d.,]+( \/ [\d.,]+)*$/.test(text);

const thousands = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

/** A whole number; `-` where nothing was measured. */
export const whole = (value: number | undefined): string => (value === undefined ? "-" : thousands.format(value));

/** With two digits behind the point; `-` where nothing was measured. */
export const fine = (value: number | undefined): string => (value === undefined ? "-" : value.toFixed(2));
