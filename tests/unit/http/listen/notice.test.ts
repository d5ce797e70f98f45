import { expect, test } from "vitest";
import { seldom } from "../../../../src/http/listen/notice.ts";
import { FakeClock } from "../../../support/fake-clock.ts";

test("something is said at once, then at most once in a while, with how often it was withheld", async () => {
  const clock = new FakeClock();
  const said: number[] = [];
  const notice = seldom(clock, 10_000, (withheld) => said.push(withheld));
  for (let time = 0; time < 5; time++) notice();
  expect(said).toEqual([0]);
  await clock.advance(9_999);
  notice();
  expect(said).toEqual([0]);
  await clock.advance(1);
  notice();
  expect(said).toEqual([0, 5]);
});
