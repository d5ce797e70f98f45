import { expect, test } from "vitest";
import { RecentlyUsed } from "../../../src/core/recently-used.ts";
import { FakeClock } from "../../support/fake-clock.ts";

test("what is used stays, what is not used goes, and there is never more than the capacity", () => {
  const kept = new RecentlyUsed<string, number>({ capacity: 10 });
  kept.set("used", 1);
  kept.set("unused", 2);
  for (let at = 0; at < 100; at += 1) {
    kept.set(`other-${at}`, at);
    expect(kept.get("used")).toBe(1);
    expect(kept.size).toBeLessThanOrEqual(10);
  }
  expect(kept.get("unused")).toBeUndefined();
});

test("the newest value of a key counts, in whichever half the older one is", () => {
  const kept = new RecentlyUsed<string, number>({ capacity: 4 });
  kept.set("key", 1);
  kept.set("other", 0);
  kept.set("another", 0);
  kept.set("key", 2);
  expect(kept.get("key")).toBe(2);
});

test("what nobody used for two turns goes though there is room, what was used stays", async () => {
  const clock = new FakeClock();
  const kept = new RecentlyUsed<string, number>({ capacity: 1_000, turn: { clock, ms: 60_000 } });
  kept.set("used", 1);
  kept.set("unused", 2);
  for (let turn = 0; turn < 3; turn += 1) {
    await clock.advance(60_000);
    expect(kept.get("used")).toBe(1);
    kept.set(`of turn ${turn}`, turn);
  }
  expect(kept.get("unused")).toBeUndefined();
  expect(kept.size).toBeLessThan(6);
});
