import { enableCompileCache } from "node:module";
import { homedir } from "node:os";
import { join } from "node:path";

/**
 * Keeps what Node compiles of a program in the user's own cache folder, for the next start, which takes a quarter less then.
 * Not for supervisors: what they share a folder with is not to be trusted. Where the folder cannot be had, nothing is kept.
 */
export function keepCompiled(): void {
  const cache = process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache");
  enableCompileCache(join(cache, "openshell", "compiled"));
}
