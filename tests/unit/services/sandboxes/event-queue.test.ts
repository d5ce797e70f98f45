import { expect, test, vi } from "vitest";
import { EventQueue } from "../../../../src/services/sandboxes/event-queue.ts";

type Item = { readonly kind: "log" | "status" | "lost"; readonly n: number };

function queueOf(capacity: number, onEnd: () => void = () => undefined) {
  return new EventQueue<Item>({
    capacity,
    mayDrop: ({ kind }) => kind === "log",
    onDropped: (n) => ({ kind: "lost", n }),
    onEnd,
  });
}

const log = (n: number): Item => ({ kind: "log", n });
const status = (n: number): Item => ({ kind: "status", n });

test("items are read in the order in which they came, and reading waits for more", async () => {
  const queue = queueOf(10);
  queue.push(log(1));
  queue.push(log(2));
  expect([(await queue.next()).value, (await queue.next()).value]).toEqual([log(1), log(2)]);
  const waiting = queue.next();
  queue.push(log(3));
  expect((await waiting).value).toEqual(log(3));
});

test("a reader that is too slow loses the oldest lines, and is told how many before it reads on", async () => {
  const queue = queueOf(3);
  for (const n of [1, 2, 3, 4, 5]) queue.push(log(n));
  queue.end();
  expect(await Array.fromAsync(queue)).toEqual([{ kind: "lost", n: 2 }, log(3), log(4), log(5)]);
});

test("status is not lost while there are lines to lose", async () => {
  const queue = queueOf(3);
  for (const item of [status(1), log(2), log(3), status(4), log(5)]) queue.push(item);
  queue.end();
  expect(await Array.fromAsync(queue)).toEqual([{ kind: "lost", n: 2 }, status(1), status(4), log(5)]);
});

test("where nothing may be lost the oldest goes, so that memory stays bounded and the newest status arrives", async () => {
  const queue = queueOf(2);
  for (const n of [1, 2, 3]) queue.push(status(n));
  queue.end();
  expect(await Array.fromAsync(queue)).toEqual([{ kind: "lost", n: 1 }, status(2), status(3)]);
});

test("after the end nothing is taken, what is there is still read, and the end is told once", async () => {
  const onEnd = vi.fn();
  const queue = queueOf(10, onEnd);
  queue.push(log(1));
  queue.end();
  queue.end();
  queue.push(log(2));
  expect(await Array.fromAsync(queue)).toEqual([log(1)]);
  expect(onEnd).toHaveBeenCalledTimes(1);
});

test("a reader that waits is woken by the end, and by its own return", async () => {
  const [ended, returned] = [queueOf(1), queueOf(1)];
  const waits = [ended.next(), returned.next()];
  ended.end();
  await returned.return();
  expect(await Promise.all(waits)).toEqual([
    { done: true, value: undefined },
    { done: true, value: undefined },
  ]);
});

test("a reader that leaves lets go of everything", async () => {
  const onEnd = vi.fn();
  const queue = queueOf(10, onEnd);
  queue.push(log(1));
  await queue.return();
  expect(await queue.next()).toEqual({ done: true, value: undefined });
  expect(onEnd).toHaveBeenCalledTimes(1);
});
