import { expect, test } from "vitest";
import { readBearer } from "../../src/auth/index.ts";
import { refusedFor } from "../support/tokens.ts";

test.each(["Bearer abc", "bearer abc", "BEARER abc", "bEaReR abc"])("a credential is read from %j", (value) => {
  expect(readBearer([value])).toEqual({ ok: true, value: "abc" });
});

test.each([
  "",
  " ",
  "Bearer",
  "Bearer ",
  "Bearer  abc",
  "Bearer\tabc",
  "Bearer\u00a0abc",
  " Bearer abc",
  "Bearer abc ",
  "Bearer abc\n",
  "Bearer a bc",
  "Bearer abc,",
  "Bearer abc, Bearer def",
  "Bearer abc,Bearer def",
  "Bearer =abc",
  "Bearer a=b",
  `Bearer "abc"`,
  "Bearer abc\u0000",
  "Bearer äbc",
  "Bearer:abc",
  "Bearerabc",
  "Bearer-abc x",
  "Basic dXNlcjpwYXNz",
  "Digest abc",
  "DPoP abc",
  "Token abc",
  "abc",
])("A-28: %j is refused, not taken for no credential", (value) => {
  expect(readBearer([value])).toEqual(refusedFor("credential-malformed"));
});

test("A-28: only a call without any Authorization has no credential", () => {
  expect(readBearer([])).toEqual({ ok: true, value: undefined });
});
