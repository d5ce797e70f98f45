import { expect, test } from "vitest";
import { Refusal } from "../../../../src/core/refusal.ts";
import { OpenStreams } from "../../../../src/http/rpc/open-streams.ts";

/** Reasons that are told apart by their waits. */
function counted() {
  let told = 0;
  return () => new Refusal("shutting-down", { retryAfterMs: ++told });
}

test("all open streams end, and those that open later at once, each with a reason of its own", () => {
  const streams = new OpenStreams();
  const open = [streams.open(new AbortController().signal), streams.open(new AbortController().signal)];
  streams.endAll(counted());
  open.push(streams.open(new AbortController().signal));
  expect(open.map(({ signal }) => signal.reason.retryAfterMs)).toEqual([1, 2, 3]);
});

test("it knows how many are open", () => {
  const streams = new OpenStreams();
  const [first] = [streams.open(new AbortController().signal), streams.open(new AbortController().signal)];
  expect(streams.size).toBe(2);
  first?.[Symbol.dispose]();
  expect(streams.size).toBe(1);
});

test("a stream ends with its caller's reason, also where the caller had gone before", () => {
  const streams = new OpenStreams();
  const caller = new AbortController();
  const { signal } = streams.open(caller.signal);
  caller.abort("gone");
  expect(signal.reason).toBe("gone");
  expect(streams.open(caller.signal).signal.reason).toBe("gone");
});

test("a stream that is over hears of no drain, and whatever hangs on its signal ends", () => {
  const streams = new OpenStreams();
  const stream = streams.open(new AbortController().signal);
  stream[Symbol.dispose]();
  streams.endAll(counted());
  expect(stream.signal.aborted).toBe(true);
  expect(stream.signal.reason).not.toBeInstanceOf(Refusal);
});
