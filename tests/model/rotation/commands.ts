import fc from "fast-check";
import type { FailurePoint } from "./failing.ts";

/** The owner of the sandbox, or the other replica. */
export type Which = 0 | 1;

/** Something that happens. A token is named by how many came after it of those that ever left; `held` is the supervisor's. */
export type Command =
  | {
      readonly do: "refresh";
      readonly at: Which;
      readonly token: number | "held";
      readonly conflict: boolean;
      readonly fails: FailurePoint | undefined;
      /** Does the answer never come, because the replica crashes, or for another reason? */
      readonly lost: "crash" | "answer" | undefined;
    }
  | {
      readonly do: "race";
      readonly at: readonly Which[];
      readonly token: number | "held";
      readonly learning: boolean;
      readonly delays: readonly number[];
    }
  | {
      readonly do: "call";
      readonly at: Which;
      readonly token: number | "held";
      readonly fails: FailurePoint | undefined;
    }
  | { readonly do: "revoke"; readonly at: Which; readonly what: "family" | "sandbox" }
  | { readonly do: "begin"; readonly at: Which }
  | { readonly do: "restart"; readonly at: Which }
  | { readonly do: "learn"; readonly at: Which }
  | { readonly do: "blind"; readonly at: Which; readonly ms: number }
  | { readonly do: "jump"; readonly ms: number }
  | { readonly do: "advance"; readonly ms: number }
  | { readonly do: "backup" }
  | { readonly do: "restore" }
  | { readonly do: "settle" };

const at = fc.constantFrom<Which>(0, 1);
const token = fc.oneof(
  { weight: 4, arbitrary: fc.constant("held" as const) },
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 3 }) },
);
const seldom = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 });
const refreshFails = fc.constantFrom<FailurePoint>(
  ...(["before-sign", "before-store", "after-store", "before-deliver", "after-deliver"] as const),
);
const callFails = fc.constantFrom<FailurePoint>("before-mark", "after-mark");
const hour = 3_600_000;

const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("refresh" as const),
      at,
      token,
      conflict: fc.boolean(),
      fails: seldom(refreshFails),
      lost: seldom(fc.constantFrom("crash" as const, "answer" as const)),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("race" as const),
      at: fc.array(at, { minLength: 2, maxLength: 6 }),
      token,
      learning: fc.boolean(),
      delays: fc.array(fc.nat(3), { minLength: 1, maxLength: 7 }),
    }),
  },
  { weight: 8, arbitrary: fc.record({ do: fc.constant("call" as const), at, token, fails: seldom(callFails) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("revoke" as const),
      at,
      what: fc.constantFrom("family" as const, "sandbox" as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("begin" as const), at }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("restart" as const), at }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("learn" as const), at }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("blind" as const), at, ms: fc.constantFrom(4_000, 5_001, 60_000) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("jump" as const), ms: fc.constantFrom(-hour, hour, -30_000) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("advance" as const),
      ms: fc.constantFrom(1_000, 11_000, 1_800_000, hour + 6_000),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("backup" as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("restore" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("settle" as const) }) },
);

export const commands: fc.Arbitrary<Command[]> = fc.array(command, { minLength: 1, maxLength: 16, size: "max" });
