import type { SandboxId } from "../core/ids.ts";

/** What somebody wants of a sandbox. What it does now is not stored: a gateway that starts finds out anew. */
export type DesiredState =
  | "running"
  /** Stopped, without a token, until somebody starts it. */
  | "stopped"
  /** Its token was taken back and none is given; what runs of it is left alone. */
  | "withheld"
  /** Its deletion began; whatever crashes, it is finished. */
  | "deleted";

/** A sandbox as stored. Times are milliseconds since the epoch. */
export interface StoredSandbox {
  readonly id: SandboxId;
  readonly workspace: string;
  readonly name: string;
  /** An encoded `openshell.v1.SandboxSpec`. */
  readonly spec: Uint8Array;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly createdAt: number;
  /** One more for each change that was stored. */
  readonly resourceVersion: number;
  readonly desired: DesiredState;
}

/** Where sandboxes are kept, durably; rejections are as for `FamilyStore`. */
export interface SandboxStore {
  /** All of them, oldest first. */
  load(): Promise<StoredSandbox[]>;
  /** Those of the ids that there are, oldest first. */
  findMany(ids: readonly SandboxId[]): Promise<StoredSandbox[]>;
  /** False, and nothing stored, where the workspace has a sandbox of that name, or the id is in use. */
  insert(sandbox: StoredSandbox): Promise<boolean>;
  /**
   * Resolves to the sandbox as it is afterwards, with the next resource version; undefined where there is none. What is to
   * be deleted stays so, and is undefined for any other wish: another replica's late stop brings nothing back.
   */
  setDesired(id: SandboxId, desired: DesiredState): Promise<StoredSandbox | undefined>;
  /** Forgets the sandbox and all that belongs to it; resolves to whether it was there. Its token families stay, revoked or not. */
  remove(id: SandboxId): Promise<boolean>;
}
