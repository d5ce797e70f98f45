import type { SandboxRecord } from "./sandbox-record.ts";

/**
 * Whether this replica runs a sandbox. Drivers run sandboxes on the replica's own machine, so only the owner asks its
 * driver for anything, and only the owner finishes a deletion; the others store what somebody wants of the sandbox, end
 * its tokens, and leave the rest to the owner, who learns of it from the store.
 */
export type Owns = (sandbox: SandboxRecord) => boolean;

/** For a gateway that shares its store with no other. */
export const ownsEverything: Owns = () => true;
