import { inspect } from "node:util";
import { expect, test } from "vitest";
import { VerifiedTokens } from "../../../../src/auth/sandbox-jwt/verified-tokens.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { sandboxPrincipal } from "../../../support/principals.ts";

test("what is used stays, what is not used goes, and there are never more than the capacity", () => {
  const tokens = new VerifiedTokens({ capacity: 10, clock: new FakeClock() });
  const used = sandboxPrincipal();
  tokens.add("used", used);
  tokens.add("unused", sandboxPrincipal());
  for (let at = 0; at < 100; at += 1) {
    tokens.add(`other-${at}`, sandboxPrincipal());
    expect(tokens.get("used")).toBe(used);
    expect(tokens.size).toBeLessThanOrEqual(10);
  }
  expect(tokens.get("unused")).toBeUndefined();
});

test("tokens that were refreshed do not pile up, however much room there is", async () => {
  const clock = new FakeClock();
  const tokens = new VerifiedTokens({ capacity: 200_000, clock });
  for (let hour = 0; hour < 24; hour += 1) {
    for (let sandbox = 0; sandbox < 10; sandbox += 1) tokens.add(`${sandbox} ${hour}`, sandboxPrincipal());
    await clock.advance(3_600_000);
  }
  expect(tokens.size).toBeLessThanOrEqual(20);
});

test("it holds no token that could be presented", () => {
  const tokens = new VerifiedTokens({ capacity: 10, clock: new FakeClock() });
  const token = "header.payload.signature";
  tokens.add(tokens.digest(token), sandboxPrincipal());
  expect(inspect(tokens, { showHidden: true, depth: 5 })).not.toContain("payload");
  expect(tokens.digest(token)).toMatch(/^[A-Za-z0-9+/]{43}=$/);
});
