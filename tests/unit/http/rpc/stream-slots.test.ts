import { expect, test } from "vitest";
import { anonymous } from "../../../../src/core/principal.ts";
import { StreamSlots } from "../../../../src/http/rpc/stream-slots.ts";
import { sandboxPrincipal, userPrincipal } from "../../../support/principals.ts";

test("a sandbox has so many places and no more, and gets them back", () => {
  const slots = new StreamSlots(2);
  const [a, b] = [sandboxPrincipal(), sandboxPrincipal()];
  const first = slots.take(a);
  slots.take(a);
  expect(() => slots.take(a)).toThrow("a sandbox may have 2 streams open at once");
  slots.take(b);
  first?.[Symbol.dispose]();
  slots.take(a);
  expect(() => slots.take(a)).toThrow();
});

test("others than sandboxes need no place", () => {
  const slots = new StreamSlots(0);
  expect(slots.take(userPrincipal())).toBeUndefined();
  expect(slots.take(anonymous)).toBeUndefined();
});
