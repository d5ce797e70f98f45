import type { SandboxId } from "../core/ids.ts";
import type { Deliveries } from "./deliveries.ts";
import type { FamilyLedger } from "./family-ledger.ts";
import type { Minter } from "./minter.ts";
import { isSameToken } from "./standing.ts";

export interface FollowMovedOptions {
  readonly ledger: FamilyLedger;
  readonly minter: Minter;
  readonly deliveries: Deliveries;
  /** Does this replica deliver the sandbox's tokens? */
  readonly owns: (sandboxId: SandboxId) => boolean;
}

/**
 * The file follows the family over replicas (architecture, Delivery): whenever memory learns that a family has another
 * current token, or that there is a new family, and another replica, or a restored store, made it so, that token is
 * delivered. Whatever this process writes is delivered by whoever writes it.
 */
export function followMoved({ ledger, minter, deliveries, owns }: FollowMovedOptions): Disposable {
  return ledger.live.onChange(({ now: family, before }) => {
    if (!family || family.revokedAt !== undefined || (before && isSameToken(family, before))) return;
    if (!owns(family.sandboxId)) return;
    void ledger.writes.made(family).then((isOwn) => {
      if (!isOwn) deliveries.catchUp(family, async () => (await minter.again(family))?.token);
    });
  });
}
