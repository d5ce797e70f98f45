import type { SandboxPhase, SandboxSpec } from "../../../gen/openshell/v1/sandboxes_pb.ts";
import type { SandboxId } from "../../core/ids.ts";
import type { StoredSandbox } from "../../store/index.ts";

/** A sandbox as it is at one moment; a change makes a new record. Times are milliseconds since the epoch. */
export interface SandboxRecord {
  readonly id: SandboxId;
  readonly name: string;
  readonly workspace: string;
  /** Shared by all records of the sandbox: read it, never write to it. */
  readonly spec: SandboxSpec;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly createdAt: number;
  /** What somebody wants of it. */
  readonly desired: StoredSandbox["desired"];
  /** The name of the replica that made it and runs it; undefined where it was made before replicas had names. */
  readonly replica: string | undefined;
  /** Since when the sandbox is being deleted, as far as this process knows. */
  readonly deletingSince: number | undefined;
  /** Counts the changes that were stored; sessions that come and go are none. */
  readonly resourceVersion: number;
  readonly phase: SandboxPhase;
  readonly ready: ReadyCondition;
  /** What the supervisor last called its main process; empty before its first session. */
  readonly mainProcessInstanceId: string;
  /** The version of its policy that the sandbox said it runs; 0 for none. */
  readonly policyVersion: number;
}

/** The condition `Ready`, the only one there is. */
export interface ReadyCondition {
  readonly status: boolean;
  /** One word for programs. */
  readonly reason: string;
  /** A sentence for people. */
  readonly message: string;
  /** When `status` last changed. */
  readonly since: number;
}

/** What the owner of a new sandbox decides of it. */
export interface NewSandbox {
  readonly name: string;
  readonly workspace: string;
  readonly spec: SandboxSpec;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Something that keeps a sandbox from being ready. */
export interface Trouble {
  readonly reason: string;
  readonly message: string;
}
