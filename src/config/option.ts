import type { Kind } from "./kind.ts";

/**
 * One setting of the gateway and its spelling at each source; from the strongest: flag, environment, file, default
 * (requirement G4). The names are those of OpenShell's gateway wherever that has the setting.
 */
export interface Option<T, Fallback extends T | undefined = T | undefined> {
  /** The path below `[openshell.gateway]`; undefined where a file cannot say it. */
  readonly key: string | undefined;
  readonly flag: string | undefined;
  /** Other spellings of the flag. */
  readonly alias: string | undefined;
  readonly env: string | undefined;
  readonly kind: Kind<T>;
  readonly fallback: Fallback;
  /** How people are told what happens without the option. */
  readonly otherwise: string;
  readonly says: string;
  readonly secret: boolean;
}

interface Spelling<T> {
  readonly key?: string;
  readonly flag?: string;
  readonly alias?: string;
  readonly env?: string;
  readonly kind: Kind<T>;
  readonly says: string;
  readonly secret?: boolean;
}

const spelled = <T>({ key, flag, alias, env, says, secret = false }: Spelling<T>) => ({
  key,
  flag,
  alias,
  env,
  says,
  secret,
});

/** An option that has a value in any case. */
export const settled = <T>(spelling: Spelling<T> & { fallback: T }): Option<T, T> => ({
  ...spelled(spelling),
  kind: spelling.kind,
  fallback: spelling.fallback,
  otherwise: shown(spelling.fallback),
});

/** An option that may have no value; `otherwise` says what that means. */
export const optional = <T>(spelling: Spelling<T> & { otherwise: string }): Option<T, undefined> => ({
  ...spelled(spelling),
  kind: spelling.kind,
  fallback: undefined,
  otherwise: spelling.otherwise,
});

const shown = (value: unknown): string => {
  const text = Array.isArray(value) ? value.join(",") : String(value);
  return text === "" ? "none" : `\`${text}\``;
};
