import type { Client } from "@connectrpc/connect";
import type { OpenShell } from "../../gen/openshell/v1/openshell_pb.ts";
import { type Clock, pause } from "../core/clock.ts";
import type { SandboxId } from "../core/ids.ts";
import type { Log } from "../core/log.ts";
import { Backoff, reopening } from "./backoff.ts";
import type { Credential } from "./credential.ts";
import { callUntil } from "./gateway-call.ts";
import { describeFailure } from "./log.ts";
import type { LogBuffer, LogLine } from "./log-buffer.ts";
import { isUnauthenticated, reasonOf } from "./status.ts";

export interface LogPushOptions {
  readonly client: Client<typeof OpenShell>;
  readonly sandboxId: SandboxId;
  readonly buffer: LogBuffer;
  readonly credential: Credential;
  readonly clock: Clock;
  readonly random: () => number;
  /** Must not end in the buffer: a broken stream would feed itself. */
  readonly log: Log;
  /** No more lines come: sends what is left, then ends. */
  readonly finish: AbortSignal;
  /** Ends at once. */
  readonly signal: AbortSignal;
}

const batchLines = 50;
const batchMs = 500;
const keptLines = 200;
/** A stream that stood this long was accepted; one that breaks earlier gives its lines back. */
const goodMs = 2000;

/**
 * Streams the buffer's lines to the gateway (PushSandboxLogs), and opens another stream whenever one ends, after the wait
 * that the gateway asked for, or else one that grows. Never rejects.
 */
export async function pushLogs(options: LogPushOptions): Promise<void> {
  const { client, sandboxId, buffer, credential, clock, random, log, finish, signal } = options;
  const backoff = new Backoff({ ...reopening, random });
  while (!signal.aborted) {
    let { version } = credential.slot;
    const opened = clock.monotonic();
    const stream = new AbortController();
    const noMore = AbortSignal.any([finish, stream.signal]);
    let unsettled: LogLine[] = [];
    let broken: unknown;
    try {
      version = (await credential.present()).version;
      await callUntil(signal, (call) => client.pushSandboxLogs(batches(), call));
      if (finish.aborted) return;
      unsettled = [];
    } catch (error) {
      if (signal.aborted) return;
      broken = error;
      log.debug({ error: describeFailure(error) }, "the log stream broke");
      if (isUnauthenticated(error)) {
        const renewal = await credential.recover({ version, reason: reasonOf(error) });
        if (renewal === "lost") return;
        if (renewal === "renewed") backoff.reset();
      }
    } finally {
      stream.abort();
    }
    buffer.giveBack(unsettled, keptLines);
    if (clock.monotonic() - opened >= goodMs) backoff.reset();
    await pause(clock, backoff.next(broken), signal);

    // The first message names the sandbox at once: the gateway authorises a stream by it.
    async function* batches() {
      for (let first = true; ; first = false) {
        if (!first) await buffer.holds(1, noMore);
        if (!first && buffer.size < batchLines) await batchIsDue(noMore);
        if (stream.signal.aborted) return;
        const logs = buffer.take(batchLines);
        if (!first && logs.length === 0 && finish.aborted) return;
        if (clock.monotonic() - opened >= goodMs) unsettled = [];
        unsettled.push(...logs);
        yield { sandboxId, logs: logs.map((line) => ({ ...line, sandboxId })) };
      }
    }
  }

  async function batchIsDue(noMore: AbortSignal): Promise<void> {
    const full = new AbortController();
    const due = AbortSignal.any([full.signal, noMore]);
    const waits = [pause(clock, batchMs, due), buffer.holds(batchLines, due)];
    await Promise.race(waits);
    full.abort();
  }
}
