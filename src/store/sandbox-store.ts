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

/**
 * A sandbox as stored. Times are milliseconds since the epoch. Of two readings of one sandbox the later is that with the
 * higher resource version, and where these are the same, the one that is halted.
 */
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
  /** The name of the replica that made it and runs it; undefined where it was made before replicas had names. */
  readonly replica: string | undefined;
  /** Since it was wished stopped, has its driver ended all that ran of it? */
  readonly halted: boolean;
}

/** Where sandboxes are kept, durably; rejections are as for `FamilyStore`. */
export interface SandboxStore {
  /** All of them, oldest first. */
  load(): Promise<StoredSandbox[]>;
  /** The one of that name in that workspace. */
  findNamed(workspace: string, name: string): Promise<StoredSandbox | undefined>;
  /** Those of the ids that there are, oldest first. */
  findMany(ids: readonly SandboxId[]): Promise<StoredSandbox[]>;
  /** False, and nothing stored, where the workspace has a sandbox of that name, or the id is in use. */
  insert(sandbox: StoredSandbox): Promise<boolean>;
  /**
   * Resolves to the sandbox as it is afterwards, with the next resource version; undefined where there is none. What is to
   * be deleted stays so, and is undefined for any other wish: another replica's late stop brings nothing back. A new wish
   * is not halted; the same one again stays as it was.
   */
  setDesired(id: SandboxId, desired: DesiredState): Promise<StoredSandbox | undefined>;
  /**
   * Records that nothing of a stopped sandbox runs any more; its resource version stays. Resolves to the sandbox as it is
   * afterwards; undefined, and nothing stored, where there is none or it is not wished stopped.
   */
  setHalted(id: SandboxId): Promise<StoredSandbox | undefined>;
  /**
   * Forgets the sandbox and its session; resolves to whether it was there. Its token families stay, revoked or not, but
   * none can begin.
   */
  remove(id: SandboxId): Promise<boolean>;
}
