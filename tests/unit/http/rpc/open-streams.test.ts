import { expect, test } from "vitest";
import { Refusal } from "../../../../src/core/refusal.ts";
import { OpenStreams } from "../../../../src/http/rpc/open-streams.ts";

const reason = new Refusal("shutting-down");

test("all open streams end with the reason, and those that open later at once", () => {
  const streams = new OpenStreams();
  const open = [streams.open(new AbortController().signal), streams.open(new AbortController().signal)];
  streams.endAll(reason);
  open.push(streams.open(new AbortController().signal));
  expect(open.map(({ signal }) => signal.reason)).toEqual([reason, reason, reason]);
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
  streams.endAll(reason);
  expect(stream.signal.aborted).toBe(true);
  expect(stream.signal.reason).not.toBe(reason);
});
