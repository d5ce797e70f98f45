import { type Client, Code } from "@connectrpc/connect";
import type { OpenShell } from "../../gen/openshell/v1/openshell_pb.ts";
import { type Clock, pause } from "../core/clock.ts";
import type { SandboxId } from "../core/ids.ts";
import type { Log } from "../core/log.ts";
import { Backoff } from "./backoff.ts";
import { callUnary } from "./gateway-call.ts";
import { describeFailure } from "./log.ts";
import { codeOf, wasDeclined } from "./status.ts";

export interface ExitReportOptions {
  readonly client: Client<typeof OpenShell>;
  readonly sandboxId: SandboxId;
  readonly instanceId: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/**
 * Tells the gateway how the main process ended, until it is acknowledged (at most 250 ms, then 2 s between tries), the gateway says
 * that it will not have it, or the signal aborts. Never rejects.
 */
export async function reportExit(exitCode: number, options: ExitReportOptions): Promise<void> {
  const { client, sandboxId, instanceId, clock, random, log, signal } = options;
  const backoff = new Backoff({ firstMs: 250, capMs: 2000, random });
  while (!signal.aborted) {
    let failure: unknown;
    try {
      await callUnary(signal, (call) => client.reportMainProcessExit({ sandboxId, instanceId, exitCode }, call));
      return log.info({ exitCode }, "the main process's exit is reported");
    } catch (error) {
      failure = error;
      const isFinal = wasDeclined(error) && codeOf(error) !== Code.ResourceExhausted;
      const says = isFinal ? "the gateway does not take the main process's exit" : "the exit could not be reported";
      log.warn({ exitCode, error: describeFailure(error) }, says);
      if (isFinal) return;
    }
    await pause(clock, backoff.next(failure), signal);
  }
}
