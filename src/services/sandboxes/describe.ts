import { SandboxPhase, type SandboxSpec } from "../../../gen/openshell/v1/sandboxes_pb.ts";
import type { StoredSandbox } from "../../store/index.ts";
import type { ReadyCondition, SandboxRecord, Trouble } from "./sandbox-record.ts";

/** All that is known of a sandbox: what is stored, and what this process saw of it. */
export interface Observed {
  readonly stored: StoredSandbox;
  readonly spec: SandboxSpec;
  readonly deletingSince: number | undefined;
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

/**
 * What a sandbox is, from what is known of it. A session makes it READY, and nothing else does; the end of the session
 * takes it back to PROVISIONING; neither matters once it is being deleted.
 */
export function describe(seen: Observed, before: SandboxRecord | undefined, now: number): SandboxRecord {
  const { id, name, workspace, labels, annotations, createdAt, resourceVersion } = seen.stored;
  const { spec, deletingSince, mainProcessInstanceId, policyVersion } = seen;
  const { phase, reason, message } = conditionOf(seen);
  const status = phase === SandboxPhase.READY;
  const since = before?.ready.status === status ? before.ready.since : now;
  const ready: ReadyCondition = { status, reason, message, since };
  return {
    ...{ id, name, workspace, spec, labels, annotations, createdAt, deletingSince, resourceVersion },
    ...{ phase, ready, mainProcessInstanceId, policyVersion },
  };
}

function conditionOf({ deletingSince, connected, trouble }: Observed): Trouble & { readonly phase: SandboxPhase } {
  if (deletingSince !== undefined) {
    return { phase: SandboxPhase.DELETING, reason: "Deleting", message: trouble?.message ?? "being deleted" };
  }
  if (connected) {
    return { phase: SandboxPhase.READY, reason: "SupervisorConnected", message: "the supervisor's session is open" };
  }
  return { phase: SandboxPhase.PROVISIONING, ...(trouble ?? waiting) };
}
