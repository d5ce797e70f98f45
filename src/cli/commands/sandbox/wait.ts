import { Code, ConnectError } from "@connectrpc/connect";
import { type Sandbox, SandboxPhase } from "../../../../gen/openshell/v1/sandboxes_pb.ts";
import type { SandboxStreamEvent } from "../../../../gen/openshell/v1/watch_pb.ts";
import { type Clock, pause } from "../../../core/clock.ts";
import type { Gateway } from "../../cli.ts";
import { exitCodes, Failure } from "../../failure.ts";
import { type Identified, identify, phaseName } from "./show.ts";

interface Wait {
  readonly gateway: Pick<Gateway, "client">;
  readonly sandbox: Identified;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Is told what happens meanwhile. */
  readonly onProgress: (line: string) => void;
}

/** Between two attempts to watch. */
const retryMs = 1_000;

/** Codes that say "come back": the gateway restarts, or a proxy cut the stream. */
const transient: ReadonlySet<Code> = new Set([
  Code.Unavailable,
  Code.Aborted,
  Code.DeadlineExceeded,
  Code.ResourceExhausted,
]);

/** Phases that no sandbox becomes ready from by itself. */
const terminal: ReadonlySet<SandboxPhase> = new Set([
  SandboxPhase.ERROR,
  SandboxPhase.DELETING,
  SandboxPhase.STOPPING,
  SandboxPhase.STOPPED,
]);

/** The sandbox, where it is ready; undefined where it may become so. @throws Failure where it cannot */
function judge(sandbox: Sandbox | undefined): Identified | undefined {
  const current = identify(sandbox);
  if (current.phase === SandboxPhase.READY) return current;
  if (!terminal.has(current.phase)) return undefined;
  const why = current.sandbox.status?.conditions.map(({ message }) => message).filter(Boolean) ?? [];
  throw new Failure(
    `sandbox ${current.name} will not become ready: it is ${phaseName(current.phase).toLowerCase()}${why.length ? ` (${why.join("; ")})` : ""}`,
    { next: `see \`openshell logs ${current.name}\` and \`openshell sandbox get ${current.name}\`` },
  );
}

function progress({ payload }: SandboxStreamEvent): string | undefined {
  switch (payload.case) {
    case "sandbox":
      return phaseName(payload.value.status?.phase ?? SandboxPhase.UNSPECIFIED).toLowerCase();
    case "event":
      return [payload.value.reason, payload.value.message].filter(Boolean).join(": ");
    case "warning":
      return `warning: ${payload.value.message}`;
    default:
      return undefined;
  }
}

/** Watches until the sandbox is ready; undefined where the stream ended before. */
async function watchOnce({ gateway, sandbox, onProgress }: Wait, signal: AbortSignal): Promise<Identified | undefined> {
  const request = { id: sandbox.id, followStatus: true, followEvents: true, eventTail: 50 };
  let said: string | undefined;
  for await (const event of gateway.client.watchSandbox(request, { signal })) {
    const ready = event.payload.case === "sandbox" ? judge(event.payload.value) : undefined;
    if (ready) return ready;
    const line = progress(event);
    if (line && line !== said) onProgress(line);
    said = line ?? said;
  }
  return undefined;
}

/**
 * Waits until a sandbox is ready, watching again where the stream breaks.
 *
 * @throws Failure where it is not ready in time (exit code 124), or cannot become ready
 */
export async function waitUntilReady(wait: Wait): Promise<Identified> {
  const { sandbox, timeoutMs, clock } = wait;
  const atOnce = judge(sandbox.sandbox);
  if (atOnce) return atOnce;
  const end = new AbortController();
  const signal = AbortSignal.any([wait.signal, end.signal]);
  using _deadline = clock.after(timeoutMs, () => end.abort());
  try {
    while (!signal.aborted) {
      try {
        const ready = await watchOnce(wait, signal);
        if (ready) return ready;
      } catch (thrown) {
        if (signal.aborted) break;
        if (!(thrown instanceof ConnectError) || !transient.has(thrown.code)) throw thrown;
        wait.onProgress(`lost sight of it, watching again: ${thrown.rawMessage}`);
      }
      await pause(clock, retryMs, signal);
    }
  } finally {
    end.abort();
  }
  wait.signal.throwIfAborted();
  throw new Failure(`sandbox ${sandbox.name} is not ready after ${Math.round(timeoutMs / 1000)} s`, {
    exitCode: exitCodes.timeout,
    next: `it is left as it is: see \`openshell sandbox get ${sandbox.name}\`; OPENSHELL_PROVISION_TIMEOUT sets how many seconds to wait`,
  });
}
