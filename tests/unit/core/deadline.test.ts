import { expect, test } from "vitest";
import { deadline } from "../../../src/core/deadline.ts";
import { FakeClock } from "../../support/fake-clock.ts";

test("what is overdue is said after its time, and once", async () => {
  const clock = new FakeClock();
  let said = 0;
  using _deadline = deadline(clock, 100, () => said++);
  await clock.advance(99);
  expect(said).toBe(0);
  await clock.advance(1);
  expect(said).toBe(1);
  await clock.advance(1000);
  expect(said).toBe(1);
});

test("it is not said where what came in time is read after the timer ran out", async () => {
  const clock = new FakeClock();
  let said = 0;
  const waiting = deadline(clock, 100, () => said++);
  const advanced = clock.advance(100);
  waiting[Symbol.dispose]();
  await advanced;
  expect(said).toBe(0);
});

test("it is not said after it was disposed", async () => {
  const clock = new FakeClock();
  let said = 0;
  deadline(clock, 100, () => said++)[Symbol.dispose]();
  await clock.advance(1000);
  expect(said).toBe(0);
  expect(clock.waiting).toBe(0);
});
