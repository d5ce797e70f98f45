import type { SandboxId } from "../core/ids.ts";
import type { Secret } from "../core/secret.ts";

/** Brings a token to where the sandbox's supervisor reads it; a no-op for sandboxes that pull theirs. */
export type DeliverToken = (sandboxId: SandboxId, token: Secret) => Promise<void>;
