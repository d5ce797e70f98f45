import { InvalidArgumentError } from "commander";
import { parseDuration } from "../output/index.ts";

/** A reader of an option's value that accepts whole numbers within the bounds, both included. */
export const wholeNumber =
  (least: number, most: number) =>
  (text: string): number => {
    const value = Number(text);
    if (/^\d{1,10}$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`It is a whole number from ${least} to ${most}.`);
  };

/** Reads a span such as `5m` or `1h30m`, in milliseconds. */
export function span(text: string): number {
  const ms = parseDuration(text);
  if (ms !== undefined) return ms;
  throw new InvalidArgumentError("Write a span such as 30s, 5m, 1h30m or 2d.");
}

/** Collects the `KEY=VALUE` of an option that repeats. The value may hold `=`; of two with one key the later counts. */
export function keyValue(text: string, before: Readonly<Record<string, string>> = {}): Record<string, string> {
  const at = text.indexOf("=");
  if (at > 0) return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
  throw new InvalidArgumentError("Write it as KEY=VALUE.");
}

/** A reader that collects the values of an option that repeats, each of them one of the choices. */
export const repeatedChoice =
  (choices: readonly string[]) =>
  (text: string, before: readonly string[] = []): string[] => {
    if (choices.includes(text)) return [...before, text];
    throw new InvalidArgumentError(`Allowed choices are ${choices.join(", ")}.`);
  };
