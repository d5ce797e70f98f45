import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createSandboxJwtAuthenticator } from "../../src/auth/index.ts";
import type { TokenChecks } from "../../src/tokens/index.ts";
import { arrival, callMethod, type Gateway, refreshMethod, startTokens } from "../support/tokens.ts";
import { spoiledTokens } from "./corpus/spoiled-tokens.ts";
import { effort, fuzz, fuzzSeed } from "./support/fuzz.ts";
import { type JsonEdit, numberSpellings, respellings, type Spoiling, spoil } from "./support/spoiled-token.ts";

const at = fc.nat(600);
const short = fc.nat(40);
const json = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.stringify(value)),
  fc.constantFrom("1e999", "-0", "1.0", "9007199254740993", "null", '""', '"\\ud800"', "[]", "{}", '{"__proto__":1}'),
);
const names = fc.constantFrom(
  "__proto__",
  "constructor",
  "nbf",
  "crit",
  "jwk",
  "x5u",
  "zip",
  "b64",
  "sub",
  "kid",
  "aud",
);

const edit: fc.Arbitrary<JsonEdit> = fc.oneof(
  fc.record({ edit: fc.constant("replaced" as const), member: short, value: json }),
  fc.record({ edit: fc.constant("left out" as const), member: short }),
  fc.record({ edit: fc.constant("added" as const), name: names, value: json, first: fc.boolean() }),
  fc.record({
    edit: fc.constant("twice" as const),
    member: short,
    value: fc.oneof(fc.constant(""), json),
    first: fc.boolean(),
  }),
  fc.record({ edit: fc.constant("number respelled" as const), as: fc.constantFrom(...numberSpellings) }),
  fc.record({ edit: fc.constant("escaped" as const), at }),
  fc.record({
    edit: fc.constant("spaced" as const),
    at,
    with: fc.constantFrom(" ", "\n", "\t", "\r", "\v", "\u00a0", "\0"),
  }),
  fc.record({ edit: fc.constant("turned" as const), by: short }),
  fc.record({ edit: fc.constant("nested" as const), depth: fc.nat(900) }),
  fc.record({ edit: fc.constant("byte" as const), at, to: fc.nat(255) }),
  fc.record({ edit: fc.constant("in front" as const), bytes: fc.array(fc.nat(255), { maxLength: 3 }) }),
);

const spoiling: fc.Arbitrary<Spoiling> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ how: fc.constant("replaced" as const), at, to: fc.string({ maxLength: 2 }) }) },
  { weight: 1, arbitrary: fc.record({ how: fc.constant("cut out" as const), at, length: short }) },
  { weight: 1, arbitrary: fc.record({ how: fc.constant("said twice" as const), at, length: short }) },
  { weight: 2, arbitrary: fc.record({ how: fc.constant("joined" as const), at, to: at }) },
  {
    weight: 2,
    arbitrary: fc.record({ how: fc.constant("segments" as const), of: fc.array(fc.nat(5), { maxLength: 5 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      how: fc.constant("respelled" as const),
      segment: fc.nat(2),
      as: fc.constantFrom(...respellings),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      how: fc.constant("surrounded" as const),
      before: fc.string({ maxLength: 2 }),
      after: fc.oneof(
        fc.string({ maxLength: 2 }),
        fc.nat(5_000).map((length) => "A".repeat(length)),
      ),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      how: fc.constant("signed again" as const),
      part: fc.constantFrom("header", "payload"),
      edit,
    }),
  },
);

let gateway: Gateway;
let good: string;
let others: string;
beforeAll(async () => {
  gateway = await startTokens();
  good = (await gateway.issued()).text;
  others = (await gateway.issued()).text;
});
afterAll(() => gateway[Symbol.asyncDispose]());

fuzz(
  "a token is good in the very bytes in which it was minted, and in no others, though they were signed with its key",
  fc.record({ spoiling, method: fc.constantFrom(callMethod, refreshMethod) }),
  { runs: 3_000, corpus: spoiledTokens.map((one) => ({ spoiling: one, method: callMethod })) },
  async ({ spoiling: how, method }) => {
    const text = spoil(good, others, gateway.key.privateKey, how);
    expect((await gateway.present(text, method)).ok).toBe(text === good || text === others);
  },
);

fuzz(
  "a text that is no token at all is refused",
  fc.oneof(
    fc.string({ unit: "binary", maxLength: 300 }),
    fc.array(fc.base64String({ maxLength: 60 }), { maxLength: 5 }).map((parts) => parts.join(".")),
    fc.constantFrom("", ".", "..", "...", "a.b.c", ".".repeat(4_096), "[".repeat(4_096), "eyJ".repeat(1_300)),
  ),
  { runs: 500 },
  async (text) => expect(await gateway.present(text)).toMatchObject({ ok: false }),
);

test("what is remembered of a verified token serves no other spelling, and other spellings do not push it out", async () => {
  let verified = 0;
  const tokens: TokenChecks = {
    ...gateway.tokens,
    verify(token) {
      verified++;
      return gateway.tokens.verify(token);
    },
  };
  const { authenticate } = createSandboxJwtAuthenticator({ tokens, remembered: 4, clock: gateway.clock });
  const present = async (bearer: string) => (await authenticate({ bearer, method: callMethod, arrival })).kind;
  expect(await present(good)).toBe("accept");
  expect(verified).toBe(1);
  for (const how of fc.sample(spoiling, { seed: fuzzSeed, numRuns: effort(300) })) {
    const text = spoil(good, others, gateway.key.privateKey, how);
    if (text === good || text === others) continue;
    expect([text, await present(text)]).not.toContain("accept");
  }
  verified = 0;
  expect(await present(good)).toBe("accept");
  expect(verified).toBe(0);
});
