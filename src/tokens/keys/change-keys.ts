import type { Clock } from "../../core/clock.ts";
import { activate } from "./activate.ts";
import { claimDirectory } from "./claim-directory.ts";
import { type Disk, disk as realDisk } from "./disk.ts";
import { prepare } from "./prepare.ts";
import { replaceFiles } from "./replace-files.ts";
import { retire } from "./retire.ts";
import { revoke } from "./revoke.ts";
import { readRingDirectory } from "./ring-directory.ts";
import { parseRing, printRing } from "./stored-ring.ts";

const commands = { prepare, activate, retire, revoke } as const;

export type KeysCommand = keyof typeof commands;

export interface ChangeKeysOptions {
  readonly command: KeysCommand;
  /** The directory of the ring, `<tls>/jwt`. */
  readonly directory: string;
  readonly keyId?: string | undefined;
  readonly force?: boolean;
  readonly clock: Clock;
  readonly disk?: Disk;
}

/**
 * Changes a ring on disk (requirement T2). Gateways that use it pick the change up by themselves. Resolves to what was
 * done, for a person.
 * @throws Error that names the directory and why nothing was done.
 */
export async function changeKeys(options: ChangeKeysOptions): Promise<string> {
  const { command, directory, keyId, force = false, clock, disk = realDisk } = options;
  try {
    using _claim = await claimDirectory(directory);
    const { files } = await readRingDirectory(directory);
    const before = parseRing(files);
    const { ring, says } = commands[command](before, { now: clock.now(), keyId, force });
    if (ring !== before) await replaceFiles(directory, printRing(ring), disk);
    return says;
  } catch (cause) {
    throw new Error(`${directory}: ${reasonOf(cause)}`, { cause });
  }
}

function reasonOf(cause: unknown): string {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  if (code === "ENOENT" || code === "ENOTDIR") return "there is no such directory; generate-certs makes a first key";
  if (code === "EROFS" || code === "EACCES" || code === "EPERM")
    return `the directory cannot be changed (${code}); of a mounted Secret, change a copy`;
  return cause instanceof Error ? cause.message : "failed";
}
