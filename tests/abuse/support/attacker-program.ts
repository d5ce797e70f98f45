/** The attacker: a process of its own, so that what an attack costs can be told from what it costs the gateway. */
import { type AttackName, attacks } from "../attacks/index.ts";
import { type Seen, Tally, type Target } from "./attack.ts";

export interface Order {
  readonly names: readonly AttackName[];
  readonly target: Target;
}

export interface Report {
  /** In the order of the names. */
  readonly seen: readonly Seen[];
  /** CPU that the attacker used. */
  readonly cpuSeconds: number;
}

process.on("message", async ({ names, target }: Order) => {
  const before = process.cpuUsage();
  const seen = names.map(async (name) => {
    const tally = new Tally();
    await attacks[name].strike(target, tally.note);
    return tally.seen;
  });
  const report = { seen: await Promise.all(seen) };
  const { user, system } = process.cpuUsage(before);
  process.send?.({ ...report, cpuSeconds: (user + system) / 1e6 } satisfies Report);
});
process.on("disconnect", () => process.exit());
