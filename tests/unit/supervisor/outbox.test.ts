import { expect, test } from "vitest";
import { Outbox } from "../../../src/supervisor/outbox.ts";

test("what was queued before and after the reader came arrives in order, and the end after it", async () => {
  const outbox = new Outbox<number>();
  outbox.push(1);
  const reading = Array.fromAsync(outbox);
  await new Promise((resolve) => setImmediate(resolve));
  outbox.push(2);
  outbox.push(3);
  outbox.close();
  expect(await reading).toEqual([1, 2, 3]);
});

test("after the end nothing is queued", async () => {
  const outbox = new Outbox<number>();
  outbox.close();
  outbox.push(1);
  expect(await Array.fromAsync(outbox)).toEqual([]);
});
