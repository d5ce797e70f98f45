import { expect, test } from "vitest";
import { readBearer } from "../../src/auth/index.ts";
import { parseToken } from "../../src/auth/sandbox-jwt/parse.ts";
import { refusedFor, startTokens } from "../support/tokens.ts";

test.each([4_097, 20_000, 10_000_000])("A-25: a bearer credential of %i characters is refused unread", (length) => {
  const started = performance.now();
  expect(readBearer([`Bearer ${"a".repeat(length)}`])).toEqual(refusedFor("credential-malformed"));
  expect(readBearer([`Bearer ${" ".repeat(length)}`])).toEqual(refusedFor("credential-malformed"));
  expect(performance.now() - started).toBeLessThan(150);
});

test("A-25: 4096 characters are read", () => {
  expect(readBearer([`Bearer ${"a".repeat(4_096)}`])).toEqual({ ok: true, value: "a".repeat(4_096) });
});

test("A-25: ten million characters, or as many dots, are refused before they are taken apart", () => {
  const started = performance.now();
  expect(parseToken("a".repeat(10_000_000))).toEqual(refusedFor("token-malformed"));
  expect(parseToken(".".repeat(10_000_000))).toEqual(refusedFor("token-malformed"));
  expect(performance.now() - started).toBeLessThan(150);
});

test("A-25: a well-signed token of more than 4096 characters is refused", async () => {
  await using gateway = await startTokens();
  const token = await gateway.forged(({ payload }) => ({ payload: { ...payload, pad: "a".repeat(4_000) } }));
  expect(await gateway.present(token)).toEqual(refusedFor("token-malformed"));
});
