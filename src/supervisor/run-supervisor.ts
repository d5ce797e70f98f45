import { createClient } from "@connectrpc/connect";
import { OpenShell } from "../../gen/openshell/v1/openshell_pb.ts";
import { pause } from "../core/clock.ts";
import { sendBearer } from "./bearer.ts";
import type { SupervisorConfig } from "./config.ts";
import { connectGateway } from "./connection.ts";
import { Credential } from "./credential.ts";
import type { Host } from "./host.ts";
import { checkIdentity } from "./identity.ts";
import { atLeast, createLog, jsonLines } from "./log.ts";
import { LogBuffer } from "./log-buffer.ts";
import { toBuffer } from "./log-lines.ts";
import { pushLogs } from "./log-push.ts";
import { StartFailure } from "./start-retries.ts";
import { type Ending, supervise } from "./supervise.ts";
import { createTokenCalls } from "./token-calls.ts";
import { TokenSlot } from "./token-slot.ts";
import { createTokenSource } from "./token-source.ts";

export interface SupervisorTimings {
  /** How long a refused token's file may take to hold another one, in milliseconds. */
  readonly graceMs: number;
  /** The same for a token that ran out: the gateway delivers another on its own schedule, not at once. */
  readonly expiredGraceMs: number;
  /** How long the last log lines may take to leave. */
  readonly farewellMs: number;
}

const defaultTimings: SupervisorTimings = { graceMs: 5000, expiredGraceMs: 60_000, farewellMs: 1000 };

/**
 * Runs a sandbox's supervisor until its main process ended, it is told to end, or its credential is refused for good.
 * @returns the exit code: the main process's, 0 when told to end, 1 after a failure that the log names.
 * @throws ConfigError
 */
export async function runSupervisor(
  config: SupervisorConfig,
  host: Host,
  timings: SupervisorTimings = defaultTimings,
): Promise<number> {
  const { clock, random, signal } = host;
  const { sandboxId } = config;
  const identity = { own: host.identity, configured: { uid: config.uid, gid: config.gid }, accounts: host.accounts };
  checkIdentity(identity);

  using connection = connectGateway(config.connection);
  const buffer = new LogBuffer({ clock });
  const toStderr = atLeast(config.logLevel, jsonLines(host.stderr));
  const log = createLog(clock, [toStderr, atLeast(config.logPushLevel, toBuffer(buffer))]);
  const localLog = createLog(clock, [toStderr]);

  const calls = createTokenCalls(connection.transport());
  const source = createTokenSource(config.tokenSource, calls.exchange);
  const slot = new TokenSlot();
  const over = new AbortController();
  const { graceMs, expiredGraceMs } = timings;
  const credential = new Credential({
    ...{ source, slot, calls, clock, graceMs, expiredGraceMs },
    log: log.child({ target: "credential" }),
    signal: AbortSignal.any([signal, over.signal]),
  });

  log.info({ sandboxId, tokenSource: source.kind }, "the supervisor starts");
  const finish = new AbortController();
  const pushing = pushLogs({
    client: createClient(OpenShell, connection.transport(sendBearer(credential))),
    ...{ sandboxId, buffer, credential, clock, random },
    ...{ log: localLog.child({ target: "log-push" }), finish: finish.signal, signal: over.signal },
  });
  try {
    const options = { config, host, connection, credential, identity, buffer, log, signal };
    return exitCodeOf(await supervise(options).catch(startFailure));
  } finally {
    finish.abort();
    await Promise.race([pushing, pause(clock, timings.farewellMs)]);
    over.abort();
    await pushing;
  }

  function startFailure(error: unknown): Ending {
    if (!(error instanceof StartFailure)) throw error;
    return signal.aborted ? { kind: "told" } : { kind: "failed", says: error.message };
  }

  function exitCodeOf(ending: Ending): number {
    if (ending.kind === "failed") log.error({}, `the supervisor ends: ${ending.says}`);
    else log.info({ ending: ending.kind }, "the supervisor ends");
    if (ending.kind === "told") return 0;
    return ending.kind === "main-process" ? ending.exitCode : 1;
  }
}
