import { expect, test } from "vitest";
import { Outbox } from "../../../../src/services/sessions/outbox.ts";

const done = { done: true, value: undefined };

function opened(limit = 4) {
  const outbox = new Outbox<string>(limit);
  let ended = 0;
  outbox.onEnd(() => {
    ended += 1;
  });
  return { outbox, ended: () => ended };
}

test("items come in their order, whether they were awaited or waited", async () => {
  const { outbox } = opened();
  const awaited = outbox.next();
  expect(outbox.offer("a")).toBe(true);
  expect(outbox.offer("b")).toBe(true);
  expect([await awaited, await outbox.next()]).toEqual([
    { done: false, value: "a" },
    { done: false, value: "b" },
  ]);
});

test("a full outbox takes nothing more and says so", async () => {
  const { outbox } = opened(2);
  expect(["a", "b", "c"].map((item) => outbox.offer(item))).toEqual([true, true, false]);
  expect(outbox.length).toBe(2);
  await outbox.next();
  expect(outbox.offer("d")).toBe(true);
});

test("one that finishes delivers what waits, then ends", async () => {
  const { outbox, ended } = opened();
  outbox.offer("a");
  outbox.finish();
  expect([outbox.offer("b"), ended()]).toEqual([false, 1]);
  expect([await outbox.next(), await outbox.next()]).toEqual([{ done: false, value: "a" }, done]);
});

test("one that fails drops what waits and fails once", async () => {
  const { outbox, ended } = opened();
  outbox.offer("a");
  outbox.fail(new Error("reason"));
  expect(ended()).toBe(1);
  await expect(outbox.next()).rejects.toThrow("reason");
  expect(await outbox.next()).toEqual(done);
});

test("failing reaches a reader that waits", async () => {
  const { outbox } = opened();
  const awaited = outbox.next();
  outbox.fail(new Error("reason"));
  await expect(awaited).rejects.toThrow("reason");
  expect(await outbox.next()).toEqual(done);
});

test("a reader that goes away ends it at once, though it waits for an item", async () => {
  const { outbox, ended } = opened();
  const awaited = outbox.next();
  expect(await outbox.return()).toEqual(done);
  expect([await awaited, ended(), outbox.offer("a")]).toEqual([done, 1, false]);
});

test("it ends once, whatever comes after", async () => {
  const { outbox, ended } = opened();
  outbox.finish();
  outbox.fail(new Error("too late"));
  await outbox.return();
  outbox.finish();
  expect([ended(), await outbox.next()]).toEqual([1, done]);
});

test("a second reader is told that there is one already", async () => {
  const { outbox } = opened();
  void outbox.next();
  await expect(outbox.next()).rejects.toThrow("still awaited");
});
