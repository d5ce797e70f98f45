import { expect, test } from "vitest";
import { AsyncDisposableStack, DisposableStack } from "../../../src/core/disposable-stacks.ts";

test("what was opened last is closed first, one after the other", async () => {
  const closed: string[] = [];
  const stack = new AsyncDisposableStack();
  stack.defer(async () => closed.push("first"));
  stack.use({ [Symbol.dispose]: () => void closed.push("second") });
  stack.use({ [Symbol.asyncDispose]: async () => void closed.push("third") });
  await stack.disposeAsync();
  await stack.disposeAsync();
  expect(closed).toEqual(["third", "second", "first"]);
});

test("what was moved is closed by its new owner alone", async () => {
  const closed: string[] = [];
  const stack = new AsyncDisposableStack();
  stack.defer(() => closed.push("it"));
  const owner = stack.move();
  await stack.disposeAsync();
  expect(closed).toEqual([]);
  await owner.disposeAsync();
  expect(closed).toEqual(["it"]);
});

test("a failure keeps nothing from being closed, and is told", async () => {
  const closed: string[] = [];
  const stack = new AsyncDisposableStack();
  stack.defer(() => closed.push("it"));
  stack.defer(() => Promise.reject(new Error("stuck")));
  await expect(stack.disposeAsync()).rejects.toThrow("stuck");
  expect(closed).toEqual(["it"]);
});

test("several failures are all told", () => {
  const stack = new DisposableStack();
  for (const says of ["one", "two"]) {
    stack.defer(() => {
      throw new Error(says);
    });
  }
  expect(() => stack.dispose()).toThrow(AggregateError);
  expect(() => stack.dispose()).not.toThrow();
});
