import type { SandboxId } from "../../core/ids.ts";
import type { Principal } from "../../core/principal.ts";
import type { NewSandbox } from "./sandbox-record.ts";

/** Something else that the gateway keeps for each sandbox, as its policies and its logs. */
export interface Belongings {
  /** Called before the sandbox itself is stored; where it rejects, the sandbox is not made. */
  begin?(id: SandboxId, wanted: NewSandbox, creator: Principal): Promise<void>;
  /**
   * Called by the sandbox's owner after its tokens have ended; may be called again after a crash, and for what never
   * began.
   */
  end(id: SandboxId): Promise<void>;
}
