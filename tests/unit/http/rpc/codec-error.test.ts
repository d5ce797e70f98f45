import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { Refusal } from "../../../../src/core/refusal.ts";
import { toConnectError } from "../../../../src/http/call/connect-error.ts";
import { amendCodecError, frameRefusal } from "../../../../src/http/rpc/codec-error.ts";

const amended = (error: ConnectError) => {
  amendCodecError(error);
  return [error.code, error.rawMessage];
};

test("an unreadable message is the caller's fault", () => {
  const error = new ConnectError("parse binary: premature EOF", Code.Internal);
  expect(amended(error)).toEqual([Code.InvalidArgument, "parse binary: premature EOF"]);
});

test("what else is internal says no more", () => {
  expect(amended(new ConnectError("serialize binary: field secret", Code.Internal))).toEqual([
    Code.Internal,
    "internal error",
  ]);
});

test("refusals, and errors of other codes, stay as they are", () => {
  expect(amended(toConnectError(new Refusal("internal")))).toEqual([Code.Internal, "internal error"]);
  expect(amended(new ConnectError("too big", Code.ResourceExhausted))).toEqual([Code.ResourceExhausted, "too big"]);
});

test.each([
  [new ConnectError("parse binary: x", Code.Internal), "request-invalid"],
  [new ConnectError("bad JSON", Code.InvalidArgument), "request-invalid"],
  [new ConnectError("too big", Code.ResourceExhausted), "limit-reached"],
  [new ConnectError("gone", Code.Canceled), undefined],
  [new ConnectError("other", Code.Internal), undefined],
  [new Error("parse binary: x"), undefined],
])("a frame's failure %s is %s", (thrown, reason) => {
  expect(frameRefusal(thrown)?.reason).toBe(reason);
});
