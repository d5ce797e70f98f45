import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import { forEachOf } from "../../../../src/services/sandboxes/for-each-of.ts";

test("every item is worked on once, so many at the same time and no more", async () => {
  const done: number[] = [];
  let now = 0;
  let most = 0;
  await forEachOf(Array.from({ length: 100 }, (_, at) => at).values(), 8, async (item) => {
    most = Math.max(most, ++now);
    await nextTurn();
    now--;
    done.push(item);
  });
  expect(most).toBe(8);
  expect(done.sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, at) => at));
});

test("tasks that wait for nothing keep nobody else waiting: no more than so many are done in a turn of the event loop", async () => {
  let done = 0;
  const perTurn: number[] = [];
  const all = forEachOf(Array(1_000).keys(), 8, async () => void done++);
  let isOver = false;
  void all.then(() => {
    isOver = true;
  });
  while (!isOver) {
    const before = done;
    await nextTurn();
    perTurn.push(done - before);
  }
  expect(done).toBe(1_000);
  expect(Math.max(...perTurn)).toBeLessThanOrEqual(2 * 8);
});

test("nothing to do is done at once", async () => {
  await forEachOf([], 8, () => Promise.reject(new Error("there is nothing to work on")));
});
