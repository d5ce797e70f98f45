import { SandboxPhase, type SandboxSpec } from "../../../gen/openshell/v1/sandboxes_pb.ts";
import type { StoredSandbox } from "../../store/index.ts";
import type { ReadyCondition, SandboxRecord, Trouble } from "./sandbox-record.ts";

/** All that is known of a sandbox: what is stored, and what this process saw of it. */
export interface Observed {
  readonly stored: StoredSandbox;
  readonly spec: SandboxSpec;
  readonly deletingSince: number | undefined;
  /** Did the driver end all that ran of it, since somebody wanted it stopped? */
  readonly halted: boolean;
  /** Was it started after a stop, and did its supervisor not say hello since? */
  readonly starting: boolean;
  /** Is its supervisor's session open? */
  readonly connected: boolean;
  readonly mainProcessInstanceId: string;
  readonly policyVersion: number;
  readonly trouble: Trouble | undefined;
}

const waiting: Trouble = {
  reason: "DependenciesNotReady",
  message: "waiting for the supervisor to open its session",
};

const withheld: Trouble = {
  reason: "TokenWithheld",
  message: "its token was taken back, and it has none until it is started",
};

/**
 * What a sandbox is, from what is known of it. A session makes it READY, and nothing else does; the end of the session
 * takes it back to PROVISIONING; neither matters once it is stopped or being deleted.
 */
export function describe(seen: Observed, before: SandboxRecord | undefined, now: number): SandboxRecord {
  const { id, name, workspace, labels, annotations, createdAt, resourceVersion, desired } = seen.stored;
  const { spec, deletingSince, mainProcessInstanceId, policyVersion } = seen;
  const { phase, reason, message } = conditionOf(seen);
  const status = phase === SandboxPhase.READY;
  const since = before?.ready.status === status ? before.ready.since : now;
  const ready: ReadyCondition = { status, reason, message, since };
  return {
    ...{ id, name, workspace, spec, labels, annotations, createdAt, desired, deletingSince, resourceVersion },
    ...{ phase, ready, mainProcessInstanceId, policyVersion },
  };
}

type Condition = Trouble & { readonly phase: SandboxPhase };

function conditionOf({ stored, deletingSince, halted, starting, connected, trouble }: Observed): Condition {
  if (deletingSince !== undefined) {
    return { phase: SandboxPhase.DELETING, reason: "Deleting", message: trouble?.message ?? "being deleted" };
  }
  if (stored.desired === "stopped") {
    return halted
      ? { phase: SandboxPhase.STOPPED, reason: "Stopped", message: "stopped; it has no token until it is started" }
      : { phase: SandboxPhase.STOPPING, reason: "Stopping", message: trouble?.message ?? "being stopped" };
  }
  if (stored.desired === "withheld") return { phase: SandboxPhase.PROVISIONING, ...withheld };
  if (starting) return { phase: SandboxPhase.STARTING, ...(trouble ?? waiting) };
  if (connected) {
    return { phase: SandboxPhase.READY, reason: "SupervisorConnected", message: "the supervisor's session is open" };
  }
  return { phase: SandboxPhase.PROVISIONING, ...(trouble ?? waiting) };
}
