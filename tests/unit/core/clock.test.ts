import { expect, test } from "vitest";
import { pause, systemClock } from "../../../src/core/clock.ts";
import { FakeClock } from "../../support/fake-clock.ts";

test("a pause ends when its time has passed, and leaves no timer", async () => {
  const clock = new FakeClock();
  let over = false;
  const paused = pause(clock, 1_000).then(() => {
    over = true;
  });
  await clock.advance(999);
  expect(over).toBe(false);
  await clock.advance(1);
  await paused;
  expect(clock.waiting).toBe(0);
});

test("a pause ends at an abort, and leaves no timer", async () => {
  const clock = new FakeClock();
  const controller = new AbortController();
  const paused = pause(clock, 1_000, controller.signal);
  controller.abort();
  await paused;
  expect(clock.waiting).toBe(0);
});

test("a pause under an aborted signal does not begin", async () => {
  const clock = new FakeClock();
  await pause(clock, 1_000, AbortSignal.abort());
  expect(clock.waiting).toBe(0);
});

test("the system's timers run, and can be called off", async () => {
  const ran = Promise.withResolvers<string>();
  using _never = systemClock.after(60_000, () => ran.resolve("late"));
  systemClock.after(0, () => ran.resolve("called off"))[Symbol.dispose]();
  systemClock.after(1, () => ran.resolve("in time"));
  const alive = setTimeout(() => undefined, 5_000);
  expect(await ran.promise).toBe("in time");
  clearTimeout(alive);
});
