import type { Option } from "./option.ts";
import type { OptionName, options } from "./options/index.ts";

type ValueOf<O> = O extends Option<infer T, infer Fallback> ? T | Fallback : never;

/** The value of an option after all sources were heard. */
export interface Setting<T> {
  readonly value: T;
  /** Where it was said: a flag, a variable, or a key's path and its file; undefined where nobody said it. */
  readonly where: string | undefined;
}

export type Settings = { readonly [Name in OptionName]: Setting<ValueOf<(typeof options)[Name]>> };
