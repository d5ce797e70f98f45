import { expect, test } from "vitest";
import { Secret } from "../../../src/core/secret.ts";
import { TokenSlot } from "../../../src/supervisor/token-slot.ts";
import { madeToken } from "../../service/supervisor/made-token.ts";

test("a swap is seen at once, by readers and by listeners", () => {
  const slot = new TokenSlot();
  const seen: number[] = [];
  slot.onSwap(({ version }) => seen.push(version));
  slot.put(new Secret("a"));
  slot.put(new Secret("b"));
  expect(slot.held?.token.reveal()).toBe("b");
  expect(slot.version).toBe(2);
  expect(seen).toEqual([1, 2]);
});

test("the same token again is no swap", () => {
  const slot = new TokenSlot();
  slot.put(new Secret("a"));
  expect(slot.put(new Secret("a"))).toBe(false);
  expect(slot.version).toBe(1);
});

test("a disposed listener hears nothing more", () => {
  const slot = new TokenSlot();
  let heard = 0;
  slot.onSwap(() => (heard += 1))[Symbol.dispose]();
  slot.put(new Secret("a"));
  expect(heard).toBe(0);
});

test("the expiry comes from the token's own claims", () => {
  const slot = new TokenSlot();
  slot.put(new Secret(madeToken({ now: 1_000_000, lifeMs: 60_000 })));
  expect(slot.held?.expiresAt).toBe(1_060_000);
});

test("a token that is no JWT has no expiry", () => {
  const slot = new TokenSlot();
  slot.put(new Secret("opaque"));
  expect(slot.held?.expiresAt).toBeUndefined();
});
