import { accessSync, constants } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";

/** Where `.ci/go-tools` puts what it builds. */
const cache = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "openshell-gateway", "tools");

/** The path of a program that is no package of ours: from the cache, or from the PATH; undefined where it is in neither. */
export function findTool(name: string): string | undefined {
  const directories = [cache, ...(process.env["PATH"] ?? "").split(delimiter)];
  return directories.map((directory) => join(directory, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
