import type { SandboxId } from "./ids.ts";

declare const scoped: unique symbol;

/**
 * A sandbox that the caller was found to have access to (requirement S1). Queries that return a sandbox's private data
 * take one of these instead of an id, so that a forgotten check is a type error.
 */
export interface ScopedSandbox {
  readonly id: SandboxId;
  readonly name: string;
  readonly workspace: string;
  readonly [scoped]: true;
}

/** For `access/guard.ts` alone; a lint rule refuses it elsewhere. */
export function grantScope(sandbox: { id: SandboxId; name: string; workspace: string }): ScopedSandbox {
  return { id: sandbox.id, name: sandbox.name, workspace: sandbox.workspace } as ScopedSandbox;
}
