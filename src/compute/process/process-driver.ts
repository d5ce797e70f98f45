import { rm } from "node:fs/promises";
import { resolve } from "node:path";
import type { Clock } from "../../core/clock.ts";
import type { SandboxId } from "../../core/ids.ts";
import { KeyedLock } from "../../core/keyed-lock.ts";
import type { Log } from "../../core/log.ts";
import type { Secret } from "../../core/secret.ts";
import type { ComputeDriver, DriverHost, SandboxSpec } from "../driver.ts";
import { Backoff } from "./backoff.ts";
import { layoutOf } from "./layout.ts";
import { endLeftover } from "./leftover.ts";
import { makePrivateDirectory } from "./private-directory.ts";
import { createProcessTable } from "./process-table.ts";
import { Supervision } from "./supervision.ts";
import { type BaseEnvironment, supervisorEnvironment } from "./supervisor-environment.ts";
import { SupervisorLog } from "./supervisor-log.ts";
import { readTokenFile, writeTokenFile } from "./token-file.ts";
import { validateSpec } from "./validate.ts";

export interface ProcessDriverOptions {
  /** Made where it is absent, 0700. Holds a directory for each sandbox. */
  readonly stateDir: string;
  readonly host: DriverHost;
  /** The supervisor's program (an absolute path) and arguments. */
  readonly supervisorCommand: readonly string[];
  readonly baseEnvironment: BaseEnvironment;
  /** PEM file with what supervisors trust as the gateway's certificate; none where the endpoint is cleartext. */
  readonly tlsCaPath?: string | undefined;
  readonly clock: Clock;
  readonly log: Log;
  /** A supervisor's log is rotated when it is longer than this. */
  readonly maxLogBytes?: number;
  /** Spreads restarts: a number from 0 up to 1. */
  readonly random?: () => number;
  /** Where the kernel lists processes. */
  readonly procRoot?: string;
}

const defaultLogBytes = 10 * 1024 * 1024;

/**
 * Runs supervisors as child processes, each in a session of its own (requirement D0). Those that a killed gateway left
 * behind are ended before the same sandbox is started, stopped or removed.
 */
export function createProcessDriver(options: ProcessDriverOptions): ComputeDriver {
  const { host, clock, tlsCaPath, baseEnvironment: base, random = Math.random } = options;
  const stateDir = resolve(options.stateDir);
  const table = createProcessTable(options.procRoot);
  const supervised = new Map<SandboxId, Supervision>();
  const starting = new Set<SandboxId>();
  let closed = false;
  const lives = new KeyedLock<SandboxId>();
  const tokens = new KeyedLock<SandboxId>();
  const logOf = (sandboxId: SandboxId) => options.log.child({ sandboxId });

  const begin = async (spec: SandboxSpec): Promise<void> => {
    if (closed) throw new Error("the process driver is closed");
    if (supervised.has(spec.id)) return;
    const { directory, auth, tokenFile, log: output, pidFile } = layoutOf(stateDir, spec.id);
    const log = logOf(spec.id);
    if ((await readTokenFile(auth)).kind !== "token") throw new Error(`no token was delivered for sandbox ${spec.id}`);
    await makePrivateDirectory(directory);
    await endLeftover(pidFile, table, clock, log);
    const supervision = new Supervision({
      spec,
      command: options.supervisorCommand,
      environment: () => supervisorEnvironment(spec, { endpoint: host.endpoint(), tokenFile, tlsCaPath, base }),
      pidFile,
      output: new SupervisorLog(output, options.maxLogBytes ?? defaultLogBytes, clock, log),
      backoff: new Backoff(random),
      ...{ host, table, clock, log },
    });
    try {
      await supervision.start();
    } catch (cause) {
      await supervision[Symbol.asyncDispose]();
      throw cause;
    }
    supervised.set(spec.id, supervision);
  };

  const end = async (id: SandboxId): Promise<void> => {
    const supervision = supervised.get(id);
    if (!supervision) return endLeftover(layoutOf(stateDir, id).pidFile, table, clock, logOf(id));
    await supervision[Symbol.asyncDispose]();
    supervised.delete(id);
  };

  return {
    name: "process",
    version: "1.0.0",
    delivery: "push",
    validate: validateSpec,
    async start(spec) {
      starting.add(spec.id);
      await lives.run(spec.id, () => begin(spec)).finally(() => starting.delete(spec.id));
    },
    stop: (id) => lives.run(id, () => end(id)),
    remove: (id) =>
      lives.run(id, async () => {
        await end(id);
        await tokens.run(id, () => rm(layoutOf(stateDir, id).directory, { recursive: true, force: true }));
      }),
    deliverToken: (id, token) =>
      tokens.run(id, async () => {
        const { directory, auth } = layoutOf(stateDir, id);
        await makePrivateDirectory(stateDir, { parents: true });
        await makePrivateDirectory(directory);
        await writeTokenFile(auth, token);
      }),
    deliveredToken: (id) =>
      tokens.run(id, async (): Promise<Secret | undefined> => {
        const found = await readTokenFile(layoutOf(stateDir, id).auth);
        if (found.kind === "unfit") logOf(id).warn({ why: found.why }, "a token file is unfit and counts as absent");
        return found.kind === "token" ? found.token : undefined;
      }),
    async [Symbol.asyncDispose]() {
      closed = true;
      const ids = new Set([...supervised.keys(), ...starting]);
      const endings = await Promise.allSettled([...ids].map((id) => lives.run(id, () => end(id))));
      const failures = endings.filter((ending) => ending.status === "rejected").map((ending) => ending.reason);
      if (failures.length > 0) throw new AggregateError(failures, "not all supervisors ended");
    },
  };
}
