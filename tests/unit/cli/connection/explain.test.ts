import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { explain, explainUnreachable, type Where } from "../../../../src/cli/connection/explain.ts";
import { Failure } from "../../../../src/cli/failure.ts";

const where: Where = { endpoint: "http://g:1", presented: "nothing" };
const nodeError = (code: string) => Object.assign(new Error("low level"), { code });

test.each([
  [Code.NotFound, "NOT_FOUND", 1, "openshell sandbox list"],
  [Code.PermissionDenied, "PERMISSION_DENIED", 1, "openshell whoami"],
  [Code.AlreadyExists, "ALREADY_EXISTS", 1, "choose another name"],
  [Code.Unavailable, "UNAVAILABLE", 1, "try again"],
  [Code.Unimplemented, "UNIMPLEMENTED", 1, "does not offer that"],
  [Code.DeadlineExceeded, "DEADLINE_EXCEEDED", 124, "try again"],
  [Code.Unauthenticated, "UNAUTHENTICATED", 1, "none is stored for it"],
])("a refusal with code %i is told in the gateway's words, as %s", (code, name, exitCode, next) => {
  expect(explain(new ConnectError("its words", code), where)).toMatchObject({
    message: `the gateway at http://g:1 answered ${name}: its words`,
    exitCode,
    next: expect.stringContaining(next),
  });
});

test("a gateway's words cannot command the terminal", () => {
  expect(explain(new ConnectError("\u001b[2Jx\nerror: y", Code.Internal), where)).toMatchObject({
    message: "the gateway at http://g:1 answered INTERNAL: \\u001b[2Jx\\nerror: y",
  });
});

test.each([
  ["ECONNREFUSED", "connection refused"],
  ["ENOTFOUND", "the host is not known"],
  ["CERT_HAS_EXPIRED", "its certificate has expired"],
  ["ERR_TLS_CERT_ALTNAME_INVALID", "its certificate is for another host name"],
  ["ERR_SSL_WRONG_VERSION_NUMBER", "it does not speak TLS"],
])("a connection that fails with %s says %s, however deep the cause", (code, says) => {
  const wrapped = new ConnectError(
    "x",
    Code.Unavailable,
    undefined,
    undefined,
    new Error("y", { cause: nodeError(code) }),
  );
  for (const failure of [explain(wrapped, where), explainUnreachable(wrapped, where)]) {
    expect(failure).toMatchObject({ message: `cannot reach the gateway at http://g:1: ${says}`, exitCode: 1 });
  }
});

test("a connection that fails in a way that is not known is still told where", () => {
  expect(explainUnreachable(new ConnectError("odd", Code.Internal), where).message).toBe(
    "cannot reach the gateway at http://g:1: odd",
  );
});

test.each([
  ["certificate", undefined, "is the client certificate one"],
  ["bearer", false, "the stored login is no longer accepted"],
  ["bearer", true, "the stored login has expired"],
] as const)("who presented a %s (expired: %s) and is refused is told what to look at", (presented, expired, next) => {
  const place = { ...where, presented, ...(expired === undefined ? {} : { expired }) };
  expect(explain(new ConnectError("no", Code.Unauthenticated), place)).toMatchObject({
    next: expect.stringContaining(next),
  });
});

test("a failure and a defect are passed on as they are", () => {
  const failure = new Failure("x");
  const defect = new TypeError("y");
  expect(explain(failure, where)).toBe(failure);
  expect(explain(defect, where)).toBe(defect);
});
