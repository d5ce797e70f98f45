import { expect, test } from "vitest";
import { streamUntil } from "../../../src/access/stream-until.ts";

async function* items<T>(...values: T[]) {
  yield* values;
}

function silent() {
  let returned = 0;
  const source: AsyncIterable<never> = {
    [Symbol.asyncIterator]: () => ({
      next: () => new Promise(() => undefined),
      return: () => {
        returned++;
        return Promise.resolve({ done: true as const, value: undefined });
      },
    }),
  };
  return { source, returned: () => returned };
}

test("items pass until the source ends", async () => {
  expect(await Array.fromAsync(streamUntil(new AbortController().signal, items(1, 2, 3)))).toEqual([1, 2, 3]);
});

test("an abort ends a silent source at once, with its reason", async () => {
  const controller = new AbortController();
  const { source, returned } = silent();
  const next = streamUntil(controller.signal, source).next();
  controller.abort(new Error("revoked"));
  await expect(next).rejects.toThrow("revoked");
  expect(returned()).toBe(1);
});

test("a signal that aborted before is noticed at the first item", async () => {
  const { source, returned } = silent();
  await expect(streamUntil(AbortSignal.abort(new Error("expired")), source).next()).rejects.toThrow("expired");
  expect(returned()).toBe(1);
});

test("a source's failure passes on, and ends the stream", async () => {
  const failing = new ReadableStream({ start: (controller) => controller.error(new Error("broken")) });
  const stream = streamUntil(new AbortController().signal, failing);
  await expect(stream.next()).rejects.toThrow("broken");
  expect(await stream.next()).toEqual({ done: true, value: undefined });
});

test("a consumer that leaves releases a source that is still waiting", async () => {
  const { source, returned } = silent();
  const stream = streamUntil(new AbortController().signal, source);
  const waiting = stream.next();
  await stream.return();
  expect(returned()).toBe(1);
  expect(await Promise.race([waiting, Promise.resolve("still waiting")])).toBe("still waiting");
});

test("an abort after the end changes nothing", async () => {
  const controller = new AbortController();
  const stream = streamUntil(controller.signal, items(1));
  await Array.fromAsync(stream);
  controller.abort(new Error("late"));
  await expect(stream.next()).rejects.toThrow("late");
});
