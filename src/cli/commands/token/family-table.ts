import type { TokenFamily } from "../../../../gen/openshell/identity/v1/identity_pb.ts";
import type { Cli } from "../../cli.ts";
import { type Cell, shortSpan, table } from "../../output/index.ts";

/** Whether the family's current token is good, as far as the clock here can say. */
function stateOf({ revokedAtMs, revokedFor, expiresAtMs }: TokenFamily, now: number): Cell {
  if (revokedAtMs > 0n) return { text: revokedFor ? `Revoked (${revokedFor})` : "Revoked", colour: "dim" };
  return Number(expiresAtMs) > now ? { text: "Live", colour: "green" } : { text: "Expired", colour: "yellow" };
}

/** Families as a table, one a line. */
export function familyTable(families: readonly TokenFamily[], { surroundings, paint }: Cli): string {
  const now = surroundings.clock.now();
  return table(
    ["SANDBOX", "STATE", "GENERATION", "AGE", "EXPIRES IN", "KEY", "FAMILY"],
    families.map((family) => {
      const left = Number(family.expiresAtMs) - now;
      return [
        family.sandboxName || family.sandboxId,
        stateOf(family, now),
        String(family.generation),
        shortSpan(now - Number(family.issuedAtMs)),
        left > 0 && family.revokedAtMs === 0n ? shortSpan(left) : "-",
        family.keyId,
        family.familyId,
      ];
    }),
    paint,
  );
}
