import { Code, ConnectError } from "@connectrpc/connect";
import { type Sandbox, SandboxPhase } from "../../../../gen/openshell/v1/sandboxes_pb.ts";
import type { SandboxStreamEvent } from "../../../../gen/openshell/v1/watch_pb.ts";
import { type Clock, pause } from "../../../core/clock.ts";
import type { Gateway } from "../../cli.ts";
import { exitCodes, Failure, usageFailure } from "../../failure.ts";
import { type Identified, identify, phaseName } from "./show.ts";

/** What a sandbox is waited to become. */
interface Goal {
  readonly phase: SandboxPhase;
  /** Phases that no sandbox becomes it from by itself. */
  readonly hopeless: ReadonlySet<SandboxPhase>;
}

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

const { READY, ERROR, DELETING, STOPPING, STOPPED } = SandboxPhase;

const ready: Goal = { phase: READY, hopeless: new Set([ERROR, DELETING, STOPPING, STOPPED]) };
const stopped: Goal = { phase: STOPPED, hopeless: new Set([ERROR, DELETING]) };

const named = (phase: SandboxPhase): string => phaseName(phase).toLowerCase();

/** The sandbox, where it has reached the goal; undefined where it may. @throws Failure where it cannot */
function judge(sandbox: Sandbox | undefined, { phase, hopeless }: Goal): Identified | undefined {
  const current = identify(sandbox);
  if (current.phase === phase) return current;
  if (!hopeless.has(current.phase)) return undefined;
  const why = current.sandbox.status?.conditions.map(({ message }) => message).filter(Boolean) ?? [];
  throw new Failure(
    `sandbox ${current.name} will not become ${named(phase)}: it is ${named(current.phase)}${why.length ? ` (${why.join("; ")})` : ""}`,
    { next: `see \`openshell logs ${current.name}\` and \`openshell sandbox get ${current.name}\`` },
  );
}

function progress({ payload }: SandboxStreamEvent): string | undefined {
  switch (payload.case) {
    case "sandbox":
      return named(payload.value.status?.phase ?? SandboxPhase.UNSPECIFIED);
    case "event":
      return [payload.value.reason, payload.value.message].filter(Boolean).join(": ");
    case "warning":
      return `warning: ${payload.value.message}`;
    default:
      return undefined;
  }
}

/** Watches until the sandbox has reached the goal; undefined where the stream ended before. */
async function watchOnce(
  { gateway, sandbox, onProgress }: Wait,
  goal: Goal,
  signal: AbortSignal,
): Promise<Identified | undefined> {
  const request = { id: sandbox.id, followStatus: true, followEvents: true, eventTail: 50 };
  let said: string | undefined;
  for await (const event of gateway.client.watchSandbox(request, { signal })) {
    const reached = event.payload.case === "sandbox" ? judge(event.payload.value, goal) : undefined;
    if (reached) return reached;
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
export const waitUntilReady = (wait: Wait): Promise<Identified> => waitFor(ready, wait);

/** Waits until a sandbox is stopped, as {@link waitUntilReady} does. */
export const waitUntilStopped = (wait: Wait): Promise<Identified> => waitFor(stopped, wait);

async function waitFor(goal: Goal, wait: Wait): Promise<Identified> {
  const { sandbox, timeoutMs, clock } = wait;
  const atOnce = judge(sandbox.sandbox, goal);
  if (atOnce) return atOnce;
  const end = new AbortController();
  const signal = AbortSignal.any([wait.signal, end.signal]);
  using _deadline = clock.after(timeoutMs, () => end.abort());
  try {
    while (!signal.aborted) {
      try {
        const reached = await watchOnce(wait, goal, signal);
        if (reached) return reached;
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
  throw new Failure(`sandbox ${sandbox.name} is not ${named(goal.phase)} after ${Math.round(timeoutMs / 1000)} s`, {
    exitCode: exitCodes.timeout,
    next: `it is left as it is: see \`openshell sandbox get ${sandbox.name}\`; OPENSHELL_PROVISION_TIMEOUT sets how many seconds to wait`,
  });
}

const defaultTimeoutSeconds = 300;

/** How long to wait, in milliseconds, by the text of `OPENSHELL_PROVISION_TIMEOUT`. @throws Failure (usage) */
export function provisionTimeoutMs(text: string | undefined): number {
  const seconds = text ? Number(text) : defaultTimeoutSeconds;
  if (Number.isInteger(seconds) && seconds > 0 && seconds <= 86_400) return seconds * 1000;
  throw usageFailure("OPENSHELL_PROVISION_TIMEOUT is not a whole number of seconds from 1 to 86400");
}
