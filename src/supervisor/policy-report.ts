import type { Client } from "@connectrpc/connect";
import type { OpenShell } from "../../gen/openshell/v1/openshell_pb.ts";
import { PolicyStatus } from "../../gen/openshell/v1/policy_pb.ts";
import { type Clock, pause } from "../core/clock.ts";
import type { SandboxId } from "../core/ids.ts";
import type { Log } from "../core/log.ts";
import { Backoff } from "./backoff.ts";
import { callUnary } from "./gateway-call.ts";
import { describeFailure } from "./log.ts";
import { isTransient, isUnauthenticated } from "./status.ts";

export interface PolicyReportOptions {
  readonly client: Client<typeof OpenShell>;
  readonly sandboxId: SandboxId;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Tells the gateway what became of a policy version. A newer report ends the retries of the one before. */
export class PolicyReporter {
  readonly #options: PolicyReportOptions;
  #current = new AbortController();

  constructor(options: PolicyReportOptions) {
    this.#options = options;
  }

  /**
   * Reports a version as loaded, or as failed with what is wrong. Failures that may pass are retried for as long as the
   * version is the newest, others end the report. Never rejects.
   */
  async report(version: number, unenforced: string | undefined): Promise<void> {
    this.#current.abort();
    this.#current = new AbortController();
    const { client, sandboxId, clock, random, log } = this.#options;
    const signal = AbortSignal.any([this.#options.signal, this.#current.signal]);
    const status = unenforced === undefined ? PolicyStatus.LOADED : PolicyStatus.FAILED;
    const report = { sandboxId, version, status, loadError: unenforced ?? "" };
    const backoff = new Backoff({ firstMs: 1000, capMs: 32_000, random });
    while (!signal.aborted) {
      let failure: unknown;
      try {
        await callUnary(signal, (call) => client.reportPolicyStatus(report, call));
        return log.info({ version, loaded: unenforced === undefined }, "reported the policy's status");
      } catch (error) {
        if (signal.aborted) return;
        failure = error;
        log.warn({ version, error: describeFailure(error) }, "the policy's status could not be reported");
        if (!isTransient(error) && !isUnauthenticated(error)) return;
      }
      await pause(clock, backoff.next(failure), signal);
    }
  }
}
