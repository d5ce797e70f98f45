import { createClient } from "@connectrpc/connect";
import type { GetSandboxConfigResponse } from "../../gen/openshell/sandbox/v1/config_pb.ts";
import { OpenShell } from "../../gen/openshell/v1/openshell_pb.ts";
import type { Log } from "../core/log.ts";
import { sendBearer } from "./bearer.ts";
import { childEnvironment } from "./child-environment.ts";
import type { SupervisorConfig } from "./config.ts";
import { isReportable, pollConfig } from "./config-poll.ts";
import type { GatewayConnection } from "./connection.ts";
import type { Credential } from "./credential.ts";
import { reportExit } from "./exit-report.ts";
import { fetchFirstConfig } from "./first-config.ts";
import type { Host } from "./host.ts";
import type { IdentityChoice } from "./identity.ts";
import type { LogBuffer } from "./log-buffer.ts";
import { addProcessLine } from "./log-lines.ts";
import { MainProcess } from "./main-process.ts";
import { PolicyKeeper } from "./policy-keeper.ts";
import { PolicyReporter } from "./policy-report.ts";
import { keepTokenFresh } from "./refresh-loop.ts";
import { holdSession } from "./session.ts";
import { keepSession } from "./session-loop.ts";
import { withStartRetries } from "./start-retries.ts";
import { askForExtras } from "./tolerated-calls.ts";

export interface SuperviseOptions {
  readonly config: SupervisorConfig;
  readonly host: Host;
  readonly connection: GatewayConnection;
  readonly credential: Credential;
  readonly identity: IdentityChoice;
  readonly buffer: LogBuffer;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** How the supervisor's work ended. */
export type Ending =
  | { readonly kind: "told" }
  | { readonly kind: "main-process"; readonly exitCode: number }
  | { readonly kind: "failed"; readonly says: string };

/**
 * Starts in the order that gateways know (token, configuration, what may fail, then all that goes on for ever) and goes on
 * until the first of those ends. @throws StartFailure
 */
export async function supervise(options: SuperviseOptions): Promise<Ending> {
  const { config, host, connection, credential, log } = options;
  const { clock, random } = host;
  const { sandboxId } = config;
  const ending = new AbortController();
  const signal = AbortSignal.any([options.signal, ending.signal]);
  const part = (target: string) => ({ clock, random, signal, sandboxId, log: log.child({ target }) });

  const transport = connection.transport(sendBearer(credential));
  const client = createClient(OpenShell, transport);
  const instanceId = crypto.randomUUID();
  const keeper = new PolicyKeeper(options.identity);
  const reporter = new PolicyReporter({ ...part("policy"), client });

  await withStartRetries(part("start"), "getting a token", () => credential.acquire());
  const refreshing = keepTokenFresh({ credential, clock, random, signal });
  const tasks: Promise<unknown>[] = [refreshing];
  try {
    const first = await fetchFirstConfig({ ...part("start"), client, sandboxName: config.sandboxName });
    judge(first);
    await askForExtras({ ...part("start"), client, transport });

    const intervalMs = config.pollIntervalMs;
    const onPolicy = (read: GetSandboxConfigResponse) => {
      const unenforced = judge(read);
      if (isReportable(read)) tasks.push(reporter.report(read.version, unenforced));
    };
    tasks.push(pollConfig(first, { ...part("poll"), client, intervalMs, onPolicy }));
    const session = { ...part("session"), client, instanceId, onSilence: () => connection.reset() };
    const sessions = keepSession({ ...part("session"), credential, hold: () => holdSession(session) });
    const command = runMainProcess();
    tasks.push(sessions, command);

    return await Promise.race([
      aborted(options.signal).then((): Ending => ({ kind: "told" })),
      aborted(credential.lost).then(() => failed("the gateway refuses the sandbox's token, and there is no other")),
      sessions.then((why) => (why === "sandbox-gone" ? failed("the sandbox is gone") : never<Ending>())),
      command.then((exitCode) => (exitCode === undefined ? never<Ending>() : ended(exitCode))),
    ]);
  } finally {
    ending.abort();
    await Promise.all(tasks);
  }

  function judge({ policy, version }: GetSandboxConfigResponse): string | undefined {
    const unenforced = policy && keeper.consider(policy);
    if (unenforced !== undefined) log.error({ version }, unenforced);
    return unenforced;
  }

  /** Resolves to the exit code when the gateway knows it; undefined where there is no command or the work ended first. */
  async function runMainProcess(): Promise<number | undefined> {
    const { mainProcess: spec, userEnvironment, workdir, timeoutMs } = config;
    if (!spec) return undefined;
    const identity = await keeper.admit(signal);
    if (!identity) return undefined;
    const own = log.child({ target: "main-process" });
    const canSwitch = host.identity.uid === 0;
    if (!canSwitch) own.warn({}, "the main process runs as the supervisor's own user, and could read its credential");
    if (spec.tty) own.warn({}, "the main process gets no terminal");
    own.warn({}, "the main process is not kept from the network or from files that its user may read");
    await using main = new MainProcess({
      ...{ spec, workdir, timeoutMs, clock, log: own, kill: host.kill },
      environment: childEnvironment(userEnvironment, workdir, own),
      identity: canSwitch ? identity : undefined,
      onLine(stream, line) {
        host.stdout(`${line}\n`);
        addProcessLine(options.buffer, clock.now(), stream, line);
      },
    });
    own.info({ pid: main.pid, uid: identity.uid, gid: identity.gid }, "the main process runs");
    const exitCode = await Promise.race([main.exited, aborted(signal).then(() => undefined)]);
    if (exitCode === undefined) return undefined;
    own.info({ exitCode }, "the main process ended");
    await reportExit(exitCode, { ...part("main-process"), client, instanceId });
    return exitCode;
  }
}

const ended = (exitCode: number): Ending => ({ kind: "main-process", exitCode });
const failed = (says: string): Ending => ({ kind: "failed", says });

const never = <T>(): Promise<T> => new Promise(() => undefined);

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
