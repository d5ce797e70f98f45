/** Every option of the gateway; the help and `docs/configuration.md` are printed from this table. */
import type { Option } from "../option.ts";
import { databaseOptions } from "./database-options.ts";
import { limitOptions } from "./limit-options.ts";
import { listenerOptions } from "./listener-options.ts";
import { programOptions } from "./program-options.ts";
import { tlsOptions } from "./tls-options.ts";
import { tokenOptions } from "./token-options.ts";
import { userOptions } from "./user-options.ts";

export const options = {
  ...programOptions,
  ...databaseOptions,
  ...listenerOptions,
  ...tlsOptions,
  ...userOptions,
  ...tokenOptions,
  ...limitOptions,
} satisfies Record<string, Option<unknown>>;

export type OptionName = keyof typeof options;

export const optionNames = Object.keys(options) as OptionName[];
