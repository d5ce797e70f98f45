import { expect, test } from "vitest";
import { LogBuffer } from "../../../src/supervisor/log-buffer.ts";
import { FakeClock } from "../../support/fake-clock.ts";

const buffered = (capacity: number, count: number) => {
  const buffer = new LogBuffer({ clock: new FakeClock(), capacity });
  for (let at = 0; at < count; at += 1) buffer.add({ message: `line ${at}` });
  return buffer;
};
const messages = (lines: { message?: string | undefined }[]) => lines.map(({ message }) => message);

test("lines leave in the order in which they came", () => {
  const buffer = buffered(10, 3);
  expect(messages(buffer.take(2))).toEqual(["line 0", "line 1"]);
  expect(messages(buffer.take(2))).toEqual(["line 2"]);
});

test("what does not fit is dropped, and a line after those before it says how many", () => {
  const buffer = buffered(2, 5);
  expect(messages(buffer.take(10))).toEqual(["line 0", "line 1"]);
  buffer.add({ message: "later" });
  expect(messages(buffer.take(10))).toEqual(["3 log lines were dropped here", "later"]);
  expect(buffer.take(10)).toEqual([]);
});

test("a count of dropped lines does not wait for another line", () => {
  const buffer = buffered(2, 3);
  buffer.take(10);
  expect(messages(buffer.take(10))).toEqual(["1 log line was dropped here"]);
});

test("a broken stream's lines come first again, and of all the newest are kept", () => {
  const buffer = buffered(10, 6);
  buffer.giveBack(buffer.take(3), 4);
  expect(messages(buffer.take(10))).toEqual(["2 log lines were dropped here", "line 2", "line 3", "line 4", "line 5"]);
});

test("who waits for lines wakes when they are there, or when told to stop", async () => {
  const buffer = buffered(10, 1);
  const stop = new AbortController();
  const two = buffer.holds(2, stop.signal);
  const nine = buffer.holds(9, stop.signal);
  buffer.add({ message: "second" });
  await two;
  stop.abort();
  await nine;
});
