import type { SandboxId } from "../core/ids.ts";

/** What the guard must know of a sandbox. Sandboxes that are being deleted are not known any more. */
export interface KnownSandbox {
  readonly id: SandboxId;
  readonly name: string;
  readonly workspace: string;
}

/** Finds sandboxes for the guard. Answers come from memory where they can, hence not always a promise. */
export interface SandboxDirectory {
  byId(id: SandboxId): KnownSandbox | undefined | Promise<KnownSandbox | undefined>;
  byName(workspace: string, name: string): KnownSandbox | undefined | Promise<KnownSandbox | undefined>;
}
