import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { judgeProbe } from "../../../../src/cli/commands/status.ts";

test.each([
  [undefined, false, "nothing", "not required"],
  [undefined, false, "bearer", "authenticated"],
  [undefined, true, "certificate", "authenticated"],
  [undefined, true, "bearer", "authenticated"],
  [Code.Unauthenticated, false, "nothing", "failed"],
  [Code.Unauthenticated, true, "certificate", "failed"],
  [Code.PermissionDenied, true, "bearer", "authenticated"],
  [Code.Unimplemented, false, "nothing", "not required"],
  [Code.Unimplemented, true, "certificate", "mTLS transport"],
  [Code.Unimplemented, true, "bearer", "unverified"],
  [Code.Unavailable, true, "bearer", "unverified"],
  [Code.Internal, false, "nothing", "unverified"],
] as const)("a probe answered %s (TLS: %s, presented: %s) shows: %s", (code, secure, presented, shown) => {
  expect(judgeProbe(code, secure, presented)).toBe(shown);
});
