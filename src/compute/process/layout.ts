import { join } from "node:path";
import type { SandboxId } from "../../core/ids.ts";

/** Where the driver keeps what belongs to one sandbox. A parsed id is a UUID, so no path leaves the state directory. */
export interface SandboxLayout {
  readonly directory: string;
  /** Holds the token file and nothing else. */
  readonly auth: string;
  readonly tokenFile: string;
  readonly log: string;
  readonly pidFile: string;
}

export const tokenFileName = "sandbox.jwt";

export function layoutOf(stateDir: string, id: SandboxId): SandboxLayout {
  const directory = join(stateDir, id);
  const auth = join(directory, "auth");
  return {
    directory,
    auth,
    tokenFile: join(auth, tokenFileName),
    log: join(directory, "supervisor.log"),
    pidFile: join(directory, "supervisor.pid"),
  };
}
