import { expect, test } from "vitest";
import { createTurns } from "../../../../src/compute/process/turns.ts";

test("tasks of one key run in the order of the calls, also after one that failed", async () => {
  const turns = createTurns<string>();
  const order: string[] = [];
  const gate = Promise.withResolvers<void>();
  const first = turns("a", async () => {
    await gate.promise;
    order.push("first");
    throw new Error("no");
  });
  const second = turns("a", async () => order.push("second"));
  gate.resolve();
  await expect(first).rejects.toThrow("no");
  await second;
  expect(order).toEqual(["first", "second"]);
});

test("tasks of another key do not wait", async () => {
  const turns = createTurns<string>();
  const gate = Promise.withResolvers<void>();
  const waiting = turns("a", () => gate.promise);
  expect(await turns("b", async () => 1)).toBe(1);
  gate.resolve();
  await waiting;
});
