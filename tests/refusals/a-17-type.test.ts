import { expect, test } from "vitest";
import { refusedFor, startTokens } from "../support/tokens.ts";

test.each([
  undefined,
  null,
  "",
  "jwt",
  "JWT ",
  "at+jwt",
  "sandbox+jwt",
  "application/jwt",
  "openshell-ext+jwt",
  1,
  ["JWT"],
])("A-17: typ %j is refused, though our key signed it", async (typ) => {
  await using gateway = await startTokens();
  const token = await gateway.forged((good) => ({ header: { ...good.header, typ } }));
  expect(await gateway.present(token)).toEqual(refusedFor("token-malformed"));
});

test("A-17: an extension's token, which the same key may have signed, is no bearer credential here", async () => {
  await using gateway = await startTokens();
  const token = await gateway.forged(({ header, payload }) => ({
    header: { ...header, typ: "openshell-ext+jwt" },
    payload: { ...payload, aud: "urn:openshell:extension:middleware:scan", caller_kind: "supervisor" },
  }));
  expect(await gateway.present(token)).toEqual(refusedFor("token-malformed"));
});
