import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";

/** Environment variables as a process has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A relative XDG path is ignored, as its specification asks. */
function xdg(environment: Environment, variable: string, below: string): string {
  const directory = environment[variable];
  if (directory && isAbsolute(directory)) return join(directory, "openshell");
  return join(environment["HOME"] || homedir(), below, "openshell");
}

/** Where the configuration file is looked for when nobody names one. */
export const standardConfigFile = (environment: Environment): string =>
  join(xdg(environment, "XDG_CONFIG_HOME", ".config"), "gateway.toml");

export const standardStateDirectory = (environment: Environment): string =>
  xdg(environment, "XDG_STATE_HOME", ".local/state");

/** Where `generate-certs` puts keys and certificates, and where they are looked for. */
export function localTlsDirectory(environment: Environment, stateDir?: string): string {
  const state = stateDir ?? (environment["OPENSHELL_STATE_DIR"] || standardStateDirectory(environment));
  return resolve(environment["OPENSHELL_LOCAL_TLS_DIR"] || join(state, "tls"));
}
