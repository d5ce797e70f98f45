import { expect, test } from "vitest";
import { OverdueCalls } from "../../../../src/http/lean/overdue-calls.ts";
import { FakeClock } from "../../../support/fake-clock.ts";

function world() {
  const clock = new FakeClock();
  const ended: string[] = [];
  const calls = new OverdueCalls(clock, 1_000);
  const bounded = (name: string) => ({ since: 0, overdue: () => void ended.push(name) });
  return { clock, ended, calls, bounded };
}

/** Deadlines let the sockets be read first: one more turn of the event loop. */
const aTurn = () => new Promise((resolve) => setImmediate(resolve));

test("each is overdue at its own time, by one timer", async () => {
  const { clock, ended, calls, bounded } = world();
  calls.add(bounded("first"));
  await clock.advance(400);
  calls.add(bounded("second"));
  expect(clock.waiting).toBe(1);
  await clock.advance(600);
  await aTurn();
  expect(ended).toEqual(["first"]);
  expect(clock.waiting).toBe(1);
  await clock.advance(400);
  await aTurn();
  expect(ended).toEqual(["first", "second"]);
  expect(clock.waiting).toBe(0);
});

test("what begins again as soon as it is overdue begins no second timer", async () => {
  const { clock, ended, calls } = world();
  const again = (name: string) => {
    const call = {
      since: 0,
      overdue: () => {
        ended.push(name);
        if (ended.length < 6) calls.add(call);
      },
    };
    return call;
  };
  calls.add(again("first"));
  calls.add(again("second"));
  for (let round = 1; round <= 2; round++) {
    await clock.advance(1_000);
    await aTurn();
    expect(ended).toHaveLength(2 * round);
    expect(clock.waiting).toBe(1);
  }
});

test("what was removed is never overdue", async () => {
  const { clock, ended, calls, bounded } = world();
  const call = bounded("removed");
  calls.add(call);
  calls.remove(call);
  await clock.advance(5_000);
  await aTurn();
  expect(ended).toEqual([]);
  expect(clock.waiting).toBe(0);
});

test("what begins anew has all of its time again", async () => {
  const { clock, ended, calls, bounded } = world();
  const call = bounded("anew");
  calls.add(call);
  await clock.advance(900);
  calls.remove(call);
  calls.add(call);
  await clock.advance(900);
  await aTurn();
  expect(ended).toEqual([]);
  await clock.advance(100);
  await aTurn();
  expect(ended).toEqual(["anew"]);
});

test("nothing is overdue once it is disposed of", async () => {
  const { clock, ended, calls, bounded } = world();
  calls.add(bounded("left"));
  calls[Symbol.dispose]();
  await clock.advance(5_000);
  await aTurn();
  expect([ended, clock.waiting]).toEqual([[], 0]);
});
