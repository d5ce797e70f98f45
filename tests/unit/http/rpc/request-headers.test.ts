import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { expect, test } from "vitest";
import { requestHeaders } from "../../../../src/http/rpc/request-headers.ts";

const read = (headers: IncomingHttpHeaders) => requestHeaders({ headers } as IncomingMessage);

test("pseudo-headers and credentials are left out", () => {
  const headers = read({
    ":path": "/",
    authorization: "Bearer x",
    cookie: "a",
    "proxy-authorization": "b",
    "x-a": "1",
  });
  expect([...(headers ?? [])]).toEqual([["x-a", "1"]]);
});

test("several values are joined", () => {
  expect(read({ "x-a": ["1", "2"] as never })?.get("x-a")).toBe("1, 2");
});

test.each([
  ["grpc-timeout", "1S", true],
  ["grpc-timeout", "99999999m", true],
  ["grpc-timeout", "99999999S", false],
  ["grpc-timeout", "597H", false],
  ["grpc-timeout", "596H", true],
  ["grpc-timeout", "x", true],
  ["connect-timeout-ms", "2147483647", true],
  ["connect-timeout-ms", "2147483648", false],
  ["connect-timeout-ms", "-1", true],
])("%s: %s is kept: %s", (name, value, kept) => {
  expect(read({ [name]: value })?.has(name)).toBe(kept);
});

test.each(["a\0b", "a\nb", "\u0416"])("a value of %j is none that a header may have", (value) => {
  expect(read({ "x-a": value })).toBeUndefined();
});

test.each(["__proto__", "constructor", "toString"])("a header may be called %s", (name) => {
  const headers = Object.assign(Object.create(null), { [name]: "x" });
  expect(read(headers)?.get(name)).toBe("x");
});
