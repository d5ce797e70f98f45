import { expect, test } from "vitest";
import { Secret } from "../../../src/core/secret.ts";
import { readClaims, sameFamily, supersedes } from "../../../src/supervisor/token-claims.ts";
import { madeToken } from "../../service/supervisor/made-token.ts";

const spelled = (payload: string) => new Secret(`e30.${Buffer.from(payload).toString("base64url")}.AA`);
const made = (family: string, generation: number) => new Secret(madeToken({ family, generation }));

test.each([
  ["text without dots", new Secret("opaque")],
  ["a payload that is no JSON", spelled("{")],
  ["an array", spelled("[]")],
  ["null", spelled("null")],
])("%s has no claims", (_name, token) => {
  expect(readClaims(token)).toBeUndefined();
});

test.each([`{}`, `{"exp":0}`, `{"exp":-1}`, `{"exp":"1"}`, `{"exp":1e400}`])("%s names no expiry", (payload) => {
  expect(readClaims(spelled(payload))?.expiresAt).toBeUndefined();
});

test("a later token of the family takes the place of an earlier one, and never the other way round", () => {
  expect(supersedes(made("a", 2), made("a", 1))).toBe(true);
  expect(supersedes(made("a", 1), made("a", 2))).toBe(false);
});

test("a token does not take its own place", () => {
  const token = madeToken();
  expect(supersedes(new Secret(token), new Secret(token))).toBe(false);
});

test("a token of another family may always take a place", () => {
  expect(supersedes(made("b", 0), made("a", 9))).toBe(true);
  expect(sameFamily(made("b", 0), made("a", 9))).toBe(false);
});

test("tokens that name no family have none in common", () => {
  expect(sameFamily(spelled(`{"exp":1}`), spelled(`{"exp":2}`))).toBe(false);
});
