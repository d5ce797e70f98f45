import { SandboxPhase } from "../../../gen/openshell/v1/sandboxes_pb.ts";
import { DisposableStack } from "../../core/disposable-stacks.ts";
import type { SandboxId } from "../../core/ids.ts";
import type { Family } from "../../tokens/index.ts";
import type { Transition } from "./known-sandboxes.ts";
import type { Owns } from "./ownership.ts";
import type { SandboxRegistry } from "./registry.ts";
import type { SandboxRecord } from "./sandbox-record.ts";
import type { SandboxTokens } from "./sandbox-tokens.ts";
import type { Settler } from "./settler.ts";

export interface FollowWishesOptions {
  readonly registry: SandboxRegistry;
  readonly tokens: Pick<SandboxTokens, "onRevoked">;
  readonly settler: Settler;
  readonly owns: Owns;
  /** Is a wish for the sandbox being stored here? Then whoever stores it also settles it, when that is done. */
  readonly isWishing: (id: SandboxId) => boolean;
}

/**
 * Has the settler do what is wanted of this replica's own sandboxes and was stored by another, and end what is left of
 * sandboxes that are gone. Until it is disposed of.
 */
export function followWishes(options: FollowWishesOptions): Disposable {
  const { registry, tokens, settler, owns, isWishing } = options;

  function toSettle(id: SandboxId, halt: boolean): void {
    settler.note(id, { halt });
    if (!isWishing(id)) settler.settleSoon(id);
  }

  function learned({ id, before, now }: Transition): void {
    // One that is new here is being made by its owner.
    if (!before) return;
    if (!now) toSettle(id, owns(before));
    else if (owns(now)) wished(before, now);
  }

  function wished(before: SandboxRecord, { id, desired }: SandboxRecord): void {
    if (desired === "stopped") toSettle(id, true);
    if (desired === "running") toSettle(id, before.phase === SandboxPhase.STOPPING);
    if (desired === "deleted" && before.deletingSince === undefined) toSettle(id, false);
    // Whoever withholds its tokens ends them in that person's name; the keeper sees to it that they have ended.
    if (desired === "withheld") settler.note(id);
  }

  /**
   * A stop ends the families; so a family that ended by a stop of which nothing else can be seen tells that the sandbox was
   * stopped and started again elsewhere before this replica looked.
   */
  function revoked({ sandboxId: id, revokedFor }: Family): void {
    if (revokedFor !== "sandbox-stopped" || settler.isToHalt(id) || isWishing(id)) return;
    const sandbox = registry.find(id);
    if (sandbox && owns(sandbox) && registry.mayHaveToken(id)) toSettle(id, true);
  }

  const following = new DisposableStack();
  following.use(registry.onLearned(learned));
  following.use(tokens.onRevoked(revoked));
  return following;
}
