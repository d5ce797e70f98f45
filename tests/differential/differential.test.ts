import fc from "fast-check";
import { expect, test } from "vitest";
import type { FixtureOptions } from "../protocols/support/fixture.ts";
import { drainBoth } from "./drain-both.ts";
import { batches } from "./generate.ts";
import { openTwoWays, type TwoWays } from "./two-ways.ts";

/** Batches of about eight calls; more by hand, with `OPENSHELL_DIFFERENTIAL_RUNS`, and another seed with `OPENSHELL_DIFFERENTIAL_SEED`. */
const numRuns = Number(process.env["OPENSHELL_DIFFERENTIAL_RUNS"] ?? 300);
const seed = Number(process.env["OPENSHELL_DIFFERENTIAL_SEED"] ?? 20_260_801);
const timeout = 60_000 + numRuns * 2_000;

const answersAlike = (ways: TwoWays) =>
  fc.asyncProperty(batches, async (batch) => {
    const differences = await ways.differences(batch);
    if (differences.length > 0) throw new Error(JSON.stringify(differences, undefined, 2));
  });

test("a call that goes the short way gets the answer of the long way, and leaves the same behind", {
  timeout,
}, async () => {
  await using ways = await openTwoWays();
  await fc.assert(answersAlike(ways), { numRuns, seed, endOnFailure: false });
});

test("the same while the gateway drains", { timeout }, async () => {
  await using ways = await openTwoWays();
  await using _drain = await drainBoth(ways);
  await fc.assert(answersAlike(ways), { numRuns: Math.ceil(numRuns / 10), seed, endOnFailure: false });
  const refused = ways.lean.fixture.records.filter(({ reason }) => reason === "shutting-down");
  expect(refused.length).toBeGreaterThan(numRuns / 10);
});

/** Front doors that do something else than the other: each must be found. */
const deviations: readonly (readonly [what: string, over: FixtureOptions])[] = [
  ["takes a byte more", { limits: { messageBytes: 2_049 } }],
  ["answers with a byte less", { limits: { answerBytes: 8_191 } }],
  ["takes longer headers", { limits: { headerBytes: 9_500 } }],
  ["tells nobody of its calls", { onCall: () => undefined }],
  ["does not serve what is open", { openServices: () => undefined }],
  ["answers something else", { handlers: { health: () => ({ version: "another" }) } }],
  ["takes callers for others", { listeners: [{ kind: "sandboxes" }] }],
];

test.each(deviations)("a front door that %s is found out", { timeout }, async (_what, over) => {
  await using ways = await openTwoWays(over);
  const result = await fc.check(answersAlike(ways), { numRuns: 300, seed, endOnFailure: true });
  expect(result.failed).toBe(true);
});
