import { readFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";

/** Names one process for good: numbers are used again, also after a reboot; all of this together is not. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Field 22 of `/proc/<pid>/stat`: clock ticks from boot to the process's start. */
  readonly startTime: string;
  readonly bootId: string;
  /** As the kernel tells it, arguments separated by NUL. */
  readonly commandLine: string;
}

/** A process that runs. Those that have ended and only wait to be reaped do not. */
interface Running {
  readonly pid: number;
  /** The number of the process that began its session. */
  readonly session: number;
  readonly startTime: string;
}

/** Reads the kernel's list of processes (proc(5)). Where there is none it knows nobody, so nobody is taken for another. */
export interface ProcessTable {
  find(pid: number): Running | undefined;
  identify(pid: number): ProcessIdentity | undefined;
  /** Is exactly this process still running? */
  isRunning(identity: ProcessIdentity): boolean;
  /** The processes that this one's first thread started. */
  childrenOf(pid: number): Running[];
  all(): Promise<Running[]>;
}

export function createProcessTable(root = "/proc"): ProcessTable {
  const read = (...path: string[]): string | undefined => {
    try {
      return readFileSync(join(root, ...path), "utf8");
    } catch {
      return undefined; // not there, or gone meanwhile: the kernel has ENOENT, ESRCH and EACCES for the same thing
    }
  };
  const find = (pid: number) => parseStat(pid, read(String(pid), "stat"));
  const findAll = (pids: readonly string[]) =>
    pids.map((pid) => find(Number(pid))).filter((running) => running !== undefined);

  const identify = (pid: number): ProcessIdentity | undefined => {
    const running = find(pid);
    const commandLine = read(String(pid), "cmdline");
    const bootId = read("sys/kernel/random/boot_id")?.trim();
    if (!running || !commandLine || !bootId) return undefined;
    return { pid, startTime: running.startTime, bootId, commandLine };
  };

  return {
    find,
    identify,
    isRunning(identity) {
      const now = identify(identity.pid);
      const same = (key: keyof ProcessIdentity) => now?.[key] === identity[key];
      return same("startTime") && same("bootId") && same("commandLine");
    },
    childrenOf: (pid) => findAll(read(String(pid), "task", String(pid), "children")?.match(/\d+/g) ?? []),
    all: async () => findAll((await readdir(root).catch(() => [])).filter((name) => /^\d+$/.test(name))),
  };
}

/** The second field is the program's name in parentheses and may hold anything, so the fields are counted from its end. */
function parseStat(pid: number, stat: string | undefined): Running | undefined {
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state, session, startTime] = [fields?.[0], fields?.[3], fields?.[19]];
  if (state === undefined || session === undefined || startTime === undefined) return undefined;
  return "ZXx".includes(state) ? undefined : { pid, session: Number(session), startTime };
}
