import type { DesiredState } from "../sandbox-store.ts";

/** See `StoredSandbox` for what the columns mean. */
export interface SandboxRow {
  id: string;
  workspace: string;
  name: string;
  /** An encoded `openshell.v1.SandboxSpec`. */
  spec: Uint8Array;
  /** JSON, an object of strings. */
  labels: string;
  /** JSON, an object of strings. */
  annotations: string;
  created_at: number;
  resource_version: number;
  desired: DesiredState;
  replica: string | null;
  /** 0 or 1. */
  halted: number;
}

export interface SandboxTables {
  sandboxes: SandboxRow;
}
