import { SandboxPhase, type SandboxSpec } from "../../../gen/openshell/v1/sandboxes_pb.ts";
import type { StoredSandbox } from "../../store/index.ts";
import type { ReadyCondition, SandboxRecord, Trouble } from "./sandbox-record.ts";

/** All that is known of a sandbox: what is stored, and what this process saw of it. */
export interface Observed {
  readonly stored: StoredSandbox;
  readonly spec: SandboxSpec;
  /** The resource version that the last change of its configuration gave it; its row may not have been read again since. */
  readonly configVersion: number;
  readonly deletingSince: number | undefined;
  /** Was it started after a stop, and did its supervisor not say hello since? */
  readonly starting: boolean;
  /** Is its supervisor's session open at this replica? */
  readonly connected: boolean;
  /** Its supervisor's session at another replica. */
  readonly elsewhere: SessionElsewhere | undefined;
  readonly mainProcessInstanceId: string;
  readonly policyVersion: number;
  readonly trouble: Trouble | undefined;
}

interface SessionElsewhere {
  readonly instanceId: string;
  /** Did it begin while the sandbox was stopped as far as was known here? Then somebody has started it since. */
  readonly isOfNextRun: boolean;
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
 * takes it back to PROVISIONING; neither matters once it is stopped or being deleted. Its owner's driver makes it STOPPED: where
 * the owner is away it stays STOPPING until it is back.
 */
export function describe(seen: Observed, before: SandboxRecord | undefined, now: number): SandboxRecord {
  const { id, name, workspace, labels, annotations, createdAt, desired, replica } = seen.stored;
  const { spec, deletingSince, mainProcessInstanceId, policyVersion } = seen;
  const { phase, reason, message } = conditionOf(seen);
  const status = phase === SandboxPhase.READY;
  const since = before?.ready.status === status ? before.ready.since : now;
  const ready: ReadyCondition = { status, reason, message, since };
  const resourceVersion = Math.max(seen.stored.resourceVersion, seen.configVersion);
  return {
    ...{ id, name, workspace, spec, labels, annotations, createdAt, desired, replica, deletingSince, resourceVersion },
    ...{ phase, ready, mainProcessInstanceId, policyVersion },
  };
}

/** Whether nobody could tell one from the other; what never changes of a sandbox is not compared. */
export function isSame(a: SandboxRecord, b: SandboxRecord): boolean {
  return (
    a.phase === b.phase &&
    a.ready.reason === b.ready.reason &&
    a.ready.message === b.ready.message &&
    a.desired === b.desired &&
    a.deletingSince === b.deletingSince &&
    a.resourceVersion === b.resourceVersion &&
    a.mainProcessInstanceId === b.mainProcessInstanceId &&
    a.policyVersion === b.policyVersion
  );
}

type Condition = Trouble & { readonly phase: SandboxPhase };

function conditionOf(seen: Observed): Condition {
  const { stored, deletingSince, starting, trouble } = seen;
  if (deletingSince !== undefined) {
    return { phase: SandboxPhase.DELETING, reason: "Deleting", message: trouble?.message ?? "being deleted" };
  }
  if (stored.desired === "stopped") {
    return stored.halted
      ? { phase: SandboxPhase.STOPPED, reason: "Stopped", message: "stopped; it has no token until it is started" }
      : { phase: SandboxPhase.STOPPING, reason: "Stopping", message: trouble?.message ?? "being stopped" };
  }
  if (stored.desired === "withheld") return { phase: SandboxPhase.PROVISIONING, ...withheld };
  if (starting) return { phase: SandboxPhase.STARTING, ...(trouble ?? waiting) };
  if (seen.connected || seen.elsewhere) {
    return { phase: SandboxPhase.READY, reason: "SupervisorConnected", message: "the supervisor's session is open" };
  }
  return { phase: SandboxPhase.PROVISIONING, ...(trouble ?? waiting) };
}
