import { printable } from "./printable.ts";

/** A JSON line of the log as people read it: time of day, level, message, then the fields; a stack on lines of its own. */
export function prettyLine(line: string): string {
  const { time, level, message, err, ...fields }: Record<string, unknown> = JSON.parse(line);
  const { stack, ...error } =
    typeof err === "object" && err !== null ? (err as Record<string, unknown>) : { stack: "" };
  const shown = err === undefined ? fields : { ...fields, err: error };
  const texts = Object.entries(shown).map(([name, value]) => `${printable(name)}=${printable(textOf(value))}`);
  const head = [timeOfDay(time), String(level).toUpperCase().padEnd(5), printable(String(message)), ...texts].join(" ");
  const calls = typeof stack === "string" ? stack.split("\n").slice(1).map(printable) : [];
  return `${[head, ...calls].join("\n")}\n`;
}

const timeOfDay = (time: unknown): string => /T([\d:.]+)/.exec(String(time))?.[1] ?? "";

const textOf = (value: unknown): string =>
  typeof value === "string" && !/[\s"=]/.test(value) ? value : JSON.stringify(value);
