import { ConfigError, shapeOf } from "./config.ts";
import { type LevelFilter, levels } from "./log.ts";

/** Environment variables as a process has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** One setting: a flag, or else a variable. Drivers blank variables that they do not use, so empty counts as unset. */
export interface Setting {
  readonly name: string;
  readonly text: string | undefined;
}

export function setting(
  environment: Environment,
  variable: string,
  flag?: { name: string; value: string | undefined },
) {
  if (flag?.value !== undefined) return { name: flag.name, text: flag.value };
  return { name: variable, text: environment[variable] || undefined };
}

/** An unsigned decimal integer within the bounds. */
export function integerOf({ name, text }: Setting, least: number, most: number): number | undefined {
  if (text === undefined) return undefined;
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most)) {
    throw new ConfigError(name, shapeOf(text), `an integer from ${least} to ${most}`);
  }
  return value;
}

export function levelOf({ name, text }: Setting): LevelFilter | undefined {
  const wanted = text?.toLowerCase();
  if (wanted === undefined) return undefined;
  const level = [...levels, "off" as const].find((known) => known === wanted);
  if (!level) throw new ConfigError(name, shapeOf(wanted), `one of ${levels.join(", ")}, off`);
  return level;
}

/** An origin `http://host[:port]` or `https://host[:port]`, without user, path or query. */
export function endpointOf({ name, text }: Setting): string {
  const expected = "a URL such as https://gateway.example:17670, with no user, path or query";
  if (text === undefined) throw new ConfigError(name, "not set", expected);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isHttp = url?.protocol === "http:" || url?.protocol === "https:";
  const isBare = url?.username === "" && url.password === "" && url.pathname === "/" && !/[?#]/.test(text);
  if (!url || !isHttp || !isBare) throw new ConfigError(name, shapeOf(text), expected);
  return url.origin;
}
