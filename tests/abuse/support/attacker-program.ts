/** The attacker: a process of its own, so that what an attack costs can be told from what it costs the gateway. */
import { type AttackName, attacks } from "../attacks/index.ts";
import type { Seen, Target } from "./attack.ts";
import { Course } from "./course.ts";

export interface Order {
  readonly names: readonly AttackName[];
  readonly target: Target;
  /** How long each goes on at least, in milliseconds. */
  readonly forMs: number;
}

export interface Report {
  /** In the order of the names. */
  readonly seen: readonly Seen[];
  /** CPU that the attacker used. */
  readonly cpuSeconds: number;
}

process.on("message", async ({ names, target, forMs }: Order) => {
  const before = process.cpuUsage();
  const seen = names.map(async (name) => {
    const { answer, strike } = attacks[name];
    const course = new Course(answer, forMs);
    await strike(target, course);
    return course.seen;
  });
  const report = { seen: await Promise.all(seen) };
  const { user, system } = process.cpuUsage(before);
  process.send?.({ ...report, cpuSeconds: (user + system) / 1e6 } satisfies Report);
});
process.on("disconnect", () => process.exit());
