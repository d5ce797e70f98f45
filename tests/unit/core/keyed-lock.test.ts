import { expect, test } from "vitest";
import { KeyedLock } from "../../../src/core/keyed-lock.ts";

test("tasks of one key run one after the other, in their order; other keys do not wait", async () => {
  const lock = new KeyedLock<string>();
  const said: string[] = [];
  const first = Promise.withResolvers<void>();
  const running = [
    lock.run("a", () => first.promise.then(() => void said.push("a1"))),
    lock.run("a", async () => void said.push("a2")),
    lock.run("b", async () => void said.push("b")),
  ];
  await running[2];
  expect(said).toEqual(["b"]);
  first.resolve();
  await Promise.all(running);
  expect(said).toEqual(["b", "a1", "a2"]);
});

test("a task that fails fails alone", async () => {
  const lock = new KeyedLock<string>();
  const failing = lock.run("a", () => Promise.reject(new Error("no")));
  const next = lock.run("a", async () => "yes");
  await expect(failing).rejects.toThrow("no");
  expect(await next).toBe("yes");
});

test("a task does not begin before whoever asked for it goes on", async () => {
  const lock = new KeyedLock<string>();
  const said: string[] = [];
  const running = lock.run("a", async () => void said.push("task"));
  said.push("caller");
  await running;
  expect(said).toEqual(["caller", "task"]);
});
