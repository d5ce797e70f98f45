import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { ErrorInfoSchema, RetryInfoSchema } from "../../../../gen/google/rpc/error_details_pb.ts";
import { Refusal } from "../../../../src/core/refusal.ts";
import { toConnectError } from "../../../../src/http/call/connect-error.ts";

test.each([
  ["token-expired", Code.Unauthenticated, "TOKEN_EXPIRED"],
  ["revocations-unknown", Code.Unavailable, "REVOCATIONS_UNKNOWN"],
  ["shutting-down", Code.Unavailable, "SHUTTING_DOWN"],
] as const)("%s is told by its reason", (reason, code, told) => {
  const error = toConnectError(new Refusal(reason));
  expect(error.code).toBe(code);
  expect(error.details).toEqual([{ desc: ErrorInfoSchema, value: { reason: told, domain: "openshell" } }]);
});

test.each([
  ["token-signature", Code.Unauthenticated],
  ["other-sandbox", Code.PermissionDenied],
  ["request-invalid", Code.InvalidArgument],
  ["not-built", Code.Unimplemented],
  ["version-conflict", Code.Aborted],
] as const)("%s keeps its reason", (reason, code) => {
  expect(toConnectError(new Refusal(reason))).toMatchObject({ code, details: [] });
});

test.each([
  [0, 0n, 0],
  [1, 0n, 1_000_000],
  [1_500, 1n, 500_000_000],
  [60_000, 60n, 0],
])("a wait of %i ms is told", (retryAfterMs, seconds, nanos) => {
  const { details } = toConnectError(new Refusal("not-built", { retryAfterMs }));
  expect(details).toEqual([{ desc: RetryInfoSchema, value: { retryDelay: { seconds, nanos } } }]);
});

test.each([new Error("secret"), "secret", undefined, new ConnectError("secret", Code.NotFound), { message: "secret" }])(
  "anything else is internal and says no more",
  (thrown) => {
    expect(toConnectError(thrown)).toMatchObject({ code: Code.Internal, rawMessage: "internal error", details: [] });
  },
);
