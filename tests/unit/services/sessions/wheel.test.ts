import { expect, test } from "vitest";
import { Wheel } from "../../../../src/services/sessions/wheel.ts";
import { FakeClock } from "../../../support/fake-clock.ts";

function opened() {
  const clock = new FakeClock();
  const visits: string[] = [];
  const wheel = new Wheel<string>({ clock, periodMs: 15_000, slots: 15, visit: (member) => visits.push(member) });
  return { clock, wheel, visits };
}

test("every member is visited once a period, by one timer", async () => {
  const { clock, wheel, visits } = opened();
  for (let index = 0; index < 100; index += 1) wheel.add(`${index}`);
  expect(clock.waiting).toBe(1);
  await clock.advance(15_000);
  expect(new Set(visits).size).toBe(100);
  expect(visits.length).toBe(100);
  await clock.advance(30_000);
  expect(visits.length).toBe(300);
});

test("members are spread over the period", async () => {
  const { clock, wheel, visits } = opened();
  for (let index = 0; index < 150; index += 1) wheel.add(`${index}`);
  await clock.advance(1_000);
  expect(visits.length).toBe(10);
});

test("without members there is no timer", async () => {
  const { clock, wheel, visits } = opened();
  const seats = ["a", "b"].map((member) => wheel.add(member));
  for (const seat of seats) seat[Symbol.dispose]();
  for (const seat of seats) seat[Symbol.dispose]();
  expect(clock.waiting).toBe(0);
  using _again = wheel.add("c");
  await clock.advance(15_000);
  expect(visits).toEqual(["c"]);
});

test("a member may leave while it is visited", async () => {
  const clock = new FakeClock();
  let visited = 0;
  const wheel = new Wheel<string>({
    ...{ clock, periodMs: 10, slots: 1 },
    visit: () => {
      visited += 1;
      seat[Symbol.dispose]();
    },
  });
  const seat = wheel.add("a");
  await clock.advance(100);
  expect([visited, clock.waiting]).toEqual([1, 0]);
});
