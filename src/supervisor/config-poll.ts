import type { Client } from "@connectrpc/connect";
import { type GetSandboxConfigResponse, PolicySource } from "../../gen/openshell/sandbox/v1/config_pb.ts";
import type { OpenShell } from "../../gen/openshell/v1/openshell_pb.ts";
import { type Clock, pause } from "../core/clock.ts";
import type { SandboxId } from "../core/ids.ts";
import type { Log } from "../core/log.ts";
import { callUnary } from "./gateway-call.ts";
import { describeFailure } from "./log.ts";
import { toldWait } from "./told-wait.ts";

export interface ConfigPollOptions {
  readonly client: Client<typeof OpenShell>;
  readonly sandboxId: SandboxId;
  readonly intervalMs: number;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Takes a configuration whose policy is to be reported: the first once two reads agreed on it, then each other one. */
  readonly onPolicy: (config: GetSandboxConfigResponse) => void;
}

/**
 * Reads the configuration at once and then at each interval (with 10 % of jitter), until the signal aborts. Never rejects.
 * @param first what the supervisor started with.
 */
export async function pollConfig(first: GetSandboxConfigResponse, options: ConfigPollOptions): Promise<void> {
  const { client, sandboxId, intervalMs, clock, random, log, signal, onPolicy } = options;
  let known = first;
  let settled = false;
  while (!signal.aborted) {
    let toldMs = 0;
    try {
      const read = await callUnary(signal, (call) => client.getSandboxConfig({ sandboxId }, call));
      if (!read.policy) throw new Error("the gateway answered no policy");
      const changed = !samePolicy(known, read);
      if (changed || (!settled && read.configRevision >= known.configRevision)) {
        settled = true;
        onPolicy(read);
      }
      known = read;
    } catch (error) {
      toldMs = toldWait(error, random) ?? 0;
      if (!signal.aborted) log.warn({ error: describeFailure(error) }, "the configuration could not be read");
    }
    await pause(clock, Math.max(intervalMs * (0.9 + 0.2 * random()), toldMs), signal);
  }
}

/** May a version's status be told to the gateway? Only what belongs to the sandbox has one. */
export function isReportable({ version, policySource }: GetSandboxConfigResponse): boolean {
  return version > 0 && policySource === PolicySource.SANDBOX;
}

const samePolicy = (a: GetSandboxConfigResponse, b: GetSandboxConfigResponse) =>
  a.version === b.version && a.policyHash === b.policyHash && a.policySource === b.policySource;
