import { expect, test } from "vitest";
import { refusedFor, startTokens } from "../support/tokens.ts";

const century = 100 * 365 * 86_400;

test.each([
  ["missing", undefined],
  ["a string", "1767229200"],
  ["null", null],
  ["zero, which others take for never", 0],
  ["negative", -1],
  ["a fraction", 1767229200.5],
  ["beyond what numbers hold exactly", 2 ** 53],
  ["a list", [1767229200]],
  ["true", true],
])("A-18: exp %s is refused", async (_what, exp) => {
  await using gateway = await startTokens();
  const token = await gateway.forged(({ payload }) => ({ payload: { ...payload, exp } }));
  expect(await gateway.present(token)).toEqual(refusedFor("token-claims"));
});

test.each(["1e400", "-0", "1.0", "1767229200.0", "1.7672292e9", "01767229200", "+1", "0x69", "NaN", "Infinity"])(
  "A-18: exp spelled %s is refused",
  async (spelled) => {
    await using gateway = await startTokens();
    const token = await gateway.forged(({ payload }) => ({
      payload: JSON.stringify(payload).replace(/"exp":[0-9]+/, `"exp":${spelled}`),
    }));
    expect(await gateway.present(token)).toEqual(refusedFor("token-malformed"));
  },
);

test.each([
  ["a second more than a day", 86_401],
  ["a hundred years", century],
  ["no time at all", 0],
  ["less than no time", -1],
])("A-18: a life of %s is refused", async (_what, life) => {
  await using gateway = await startTokens();
  const token = await gateway.forged(({ payload }) => ({
    payload: { ...payload, exp: Number(payload["iat"]) + life },
  }));
  expect(await gateway.present(token)).toEqual(refusedFor("token-claims"));
});

test("A-18: a life that is allowed, but not the one that this token was given, is refused", async () => {
  await using gateway = await startTokens();
  const token = await gateway.forged(({ payload }) => ({
    payload: { ...payload, exp: Number(payload["iat"]) + 86_400 },
  }));
  expect(await gateway.present(token)).toEqual(refusedFor("token-unknown"));
});

test.each([undefined, null, "1", 0, -5, 1.5])("A-18: iat %j is refused", async (iat) => {
  await using gateway = await startTokens();
  const token = await gateway.forged(({ payload }) => ({ payload: { ...payload, iat } }));
  expect(await gateway.present(token)).toEqual(refusedFor("token-claims"));
});
