import { expect, test } from "vitest";
import { refusedFor, startTokens } from "../support/tokens.ts";

const own = "openshell-gateway:test";
const wrong = [
  undefined,
  null,
  "",
  [own],
  ["evil", own],
  [],
  { [own]: true },
  1,
  `${own}/`,
  `${own} `,
  own.toUpperCase(),
  "openshell-gateway:",
  "openshell-gateway:test2",
  "openshell-gateway",
];

test.each(wrong)("A-20: aud %j is refused", async (aud) => {
  await using gateway = await startTokens();
  const token = await gateway.forged(({ payload }) => ({ payload: { ...payload, aud } }));
  expect(await gateway.present(token)).toEqual(refusedFor("token-claims"));
});

test.each(wrong)("A-20: iss %j is refused", async (iss) => {
  await using gateway = await startTokens();
  const token = await gateway.forged(({ payload }) => ({ payload: { ...payload, iss } }));
  expect(await gateway.present(token)).toEqual(refusedFor("token-claims"));
});
