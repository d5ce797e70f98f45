import fc from "fast-check";
import { test } from "vitest";

/** How many times as much is tried as by default: `OPENSHELL_FUZZ_TIMES=50` by hand, with another `OPENSHELL_FUZZ_SEED`. */
const times = Number(process.env["OPENSHELL_FUZZ_TIMES"] ?? 1);
const seed = Number(process.env["OPENSHELL_FUZZ_SEED"] ?? 20_261_123);
/** For all of one property, and for a single try of it; in milliseconds. */
const mostMs = { all: 20_000 * times, one: 15_000 };

interface Effort<T> {
  /** How often by default. */
  readonly runs: number;
  /** What is tried first, always. */
  readonly corpus?: readonly T[];
}

/** How much of something is to be done, given what is done by default. */
export const effort = (byDefault: number): number => Math.max(1, Math.round(byDefault * times));

/** Where generators begin, for tests that draw by themselves. */
export const fuzzSeed = seed;

/**
 * A test that a property holds for what is in the corpus and for generated values, bounded in number and in time. A
 * failure prints the seed, the path to the value, and the smallest value that fails.
 */
export function fuzz<T>(
  name: string,
  values: fc.Arbitrary<T>,
  { runs, corpus = [] }: Effort<T>,
  check: (value: T) => Promise<void> | void,
): void {
  const timeout = mostMs.all + 2 * mostMs.one;
  test(name, { timeout }, async () => {
    const property = fc.asyncProperty(values, async (value) => {
      await check(value);
    });
    await fc.assert(property, {
      seed,
      numRuns: effort(runs) + corpus.length,
      examples: corpus.map((value): [T] => [value]),
      timeout: mostMs.one,
      interruptAfterTimeLimit: mostMs.all,
      markInterruptAsFailure: false,
    });
  });
}
