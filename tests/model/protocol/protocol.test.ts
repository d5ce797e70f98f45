import { describe, expect, test } from "vitest";
import { explore, type Found } from "./explore.ts";
import { asBuilt, type Rules, type World } from "./rules.ts";
import type { Budget } from "./state.ts";

const nothing: Budget = {
  ...{ replicaCrashes: 0, supervisorCrashes: 0, lostAnswers: 0, failedDeliveries: 0, withdrawnKeys: 0, cutFeeds: 0 },
  ...{ revocations: 0, refreshes: 1, thiefRequests: 0 },
};
const kind: World = { fileOf: "every-replica", isPrompt: true };
const owned: World = { ...kind, fileOf: "owner" };

const isLong = Number(process.env["OPENSHELL_MODEL_RUNS"] ?? 0) > 0;
const longMs = 600_000;

function found(
  budget: Partial<Budget>,
  world: World = kind,
  rules: Partial<Rules> = {},
  bearsFalseAlarms = false,
): Found {
  return explore({ rules: { ...asBuilt, ...rules }, world, budget: { ...nothing, ...budget }, bearsFalseAlarms });
}

/** Says the shortest way to what went wrong, where something did; and that there was something to look at. */
function expectToHold({ violation, states }: Found, atLeast: number): void {
  expect(violation && [violation.what, ...violation.trace]).toBeUndefined();
  expect(states).toBeGreaterThan(atLeast);
}

describe("two replicas: one successor, nobody stranded, no false alarm, whatever the order, with", () => {
  test("two refreshes, a lost answer and a crash of either replica", () => {
    expectToHold(found({ refreshes: 2, lostAnswers: 1, replicaCrashes: 1 }, owned), 5_000);
  });

  test("a crash of the supervisor, a lost answer and a crash of a replica that writes the file before it answers", () => {
    expectToHold(found({ supervisorCrashes: 1, lostAnswers: 1, replicaCrashes: 1 }), 10_000);
  });

  test("a key that is withdrawn", () => {
    expectToHold(found({ withdrawnKeys: 1 }), 1_000);
  });

  test("a revocation, while a replica is blind", () => {
    expectToHold(found({ revocations: 1, cutFeeds: 1 }), 1_000);
  });
});

describe("two replicas and a thief: one successor, the theft found at the next conflict, nobody stranded, with", () => {
  test("a thief who may do two things", () => {
    expectToHold(found({ thiefRequests: 2, refreshes: 0 }, owned), 10_000);
  });
});

// Minutes of work, for whoever changes the protocol.
if (isLong) {
  const thieves: readonly [what: string, budget: Partial<Budget>][] = [
    ["two things and a crash of either replica", { thiefRequests: 2, replicaCrashes: 1, refreshes: 0 }],
    ["two things, while the supervisor refreshes", { thiefRequests: 2 }],
    ["two things, while a replica is blind", { thiefRequests: 2, cutFeeds: 1, refreshes: 0 }],
    ["three things", { thiefRequests: 3, refreshes: 0 }],
  ];
  test.each(thieves)("two replicas and a thief who may do %s", { timeout: longMs }, (_what, budget) => {
    expectToHold(found(budget, owned), 50_000);
  });
}

describe("an honest supervisor is taken for robbed, but not stranded, only where", () => {
  const limits: readonly [when: string, budget: Partial<Budget>, world: World][] = [
    [
      "it crashes before the file's owner hears of the token that another replica gave it",
      { supervisorCrashes: 1 },
      owned,
    ],
    ["it crashes before its file could be written", { supervisorCrashes: 1, failedDeliveries: 1 }, kind],
    ["it loses an answer, and the successor's key is withdrawn", { lostAnswers: 1, withdrawnKeys: 1 }, kind],
    ["a request that it gave up comes after what it asked later", { lostAnswers: 1 }, { ...kind, isPrompt: false }],
  ];
  test.each(limits)("%s", (_when, budget, world) => {
    expect(found(budget, world).violation).toMatchObject({ what: "a false alarm" });
    expectToHold(found(budget, world, {}, true), 1_000);
  });
});

describe("the model notices", () => {
  const robbed = { thiefRequests: 2, refreshes: 0 };
  const broken: readonly [rule: keyof Rules, budget: Partial<Budget>, what: string][] = [
    ["storesBeforeAnswer", { lostAnswers: 1 }, "two successors of one token"],
    ["comparesAndSets", { lostAnswers: 1 }, "two successors of one token"],
    ["readsAfterLostRace", { lostAnswers: 1 }, "two successors of one token"],
    ["repeatsSuccessor", { lostAnswers: 1 }, "a false alarm"],
    ["doubtsConflict", { supervisorCrashes: 1 }, "a false alarm"],
    ["decidesOnStore", robbed, "a theft was taken for a lost answer"],
    ["recordsPresentation", robbed, "a theft was taken for a lost answer"],
    ["recordsBeforeServing", robbed, "a theft was taken for a lost answer"],
    ["tellsConflict", robbed, "a theft was taken for a lost answer"],
    ["revokesOnReuse", robbed, "a theft was found, and its family lives"],
    ["keeps", robbed, "the supervisor is stranded"],
    ["refusesBlind", { revocations: 1, cutFeeds: 1 }, "a token was served that was revoked longer ago than the bound"],
  ];
  test("every rule is broken once", () => {
    expect(broken.map(([rule]) => rule).sort()).toEqual(Object.keys(asBuilt).sort());
  });
  test.each(broken)("that %s is broken", (rule, budget, what) => {
    expect(found(budget, kind, { [rule]: false }).violation).toMatchObject({ what });
  });
});
