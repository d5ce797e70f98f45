import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { RetryInfoSchema } from "../../../gen/google/rpc/error_details_pb.ts";
import { toldWait } from "../../../src/supervisor/told-wait.ts";

function failure(seconds: bigint, nanos = 0): ConnectError {
  const detail = { desc: RetryInfoSchema, value: create(RetryInfoSchema, { retryDelay: { seconds, nanos } }) };
  return new ConnectError("later", Code.Unavailable, undefined, [detail]);
}

test.each([
  [1n, 500_000_000, 1500],
  [0n, 500_000_000, 500],
  [60n, 0, 60_000],
])("%d s and %i ns are a wait of %i ms", (seconds, nanos, ms) => {
  expect(toldWait(failure(seconds, nanos), () => 0)).toBe(ms);
});

test("those that were told the same come apart, and none sooner", () => {
  const waits = [0, 0.5, 0.999].map((drawn) => toldWait(failure(10n), () => drawn) ?? 0);
  expect(waits).toEqual([10_000, 10_500, expect.closeTo(10_999, 0)]);
});

test.each([
  ["none at all", 0n, 0, 100],
  ["one that has passed", -5n, -1, 100],
  ["an hour", 3600n, 0, 60_000],
  ["more than a number can hold", 9_000_000_000_000_000_000n, 0, 60_000],
])("a wait that no honest gateway tells, %s, is brought into bounds", (_name, seconds, nanos, ms) => {
  expect(toldWait(failure(seconds, nanos), () => 0)).toBe(ms);
});

const unreadable = new ConnectError("later", Code.Unavailable);
unreadable.details.push({ type: "google.rpc.RetryInfo", value: Uint8Array.of(0xff) });
const empty = { desc: RetryInfoSchema, value: create(RetryInfoSchema) };

test.each([
  ["nothing", undefined],
  ["a refused connection", new ConnectError("connect ECONNREFUSED", Code.Unavailable)],
  ["what is no status", new Error("x")],
  ["a detail that names no delay", new ConnectError("later", Code.Unavailable, undefined, [empty])],
  ["a detail that cannot be read", unreadable],
])("%s tells no wait", (_name, thrown) => {
  expect(toldWait(thrown, () => 0)).toBeUndefined();
});
