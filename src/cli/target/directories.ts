import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

/** Where gateways are registered. Both roots have one layout: `active_gateway` and `gateways/<name>/…`. */
export interface Directories {
  /** The user's own, written by `openshell gateway add`. */
  readonly user: string;
  /** The machine's, written by its administrator and only read here. */
  readonly system: string;
}

/** `$XDG_CONFIG_HOME/openshell`, or `~/.config/openshell`; a relative XDG path is ignored, as its specification asks. */
export function findDirectories(env: Readonly<Record<string, string | undefined>>): Directories {
  const xdg = env["XDG_CONFIG_HOME"];
  const config = xdg && isAbsolute(xdg) ? xdg : join(env["HOME"] || homedir(), ".config");
  return { user: join(config, "openshell"), system: env["OPENSHELL_SYSTEM_GATEWAY_DIR"] || "/etc/openshell" };
}
