import type { IncomingMessage } from "node:http";
import { describe, expect, test } from "vitest";
import { readHead } from "../../../src/http/head.ts";
import type { Connection } from "../../../src/http/listen/index.ts";

const connection: Connection = {
  kind: "users",
  peer: "127.0.0.1",
  localAddress: "127.0.0.1",
  encrypted: false,
  active: 0,
  served: 0,
  lastUsed: 0,
};

/** A request as Node's parser would describe it. */
function request(rawHeaders: string[], { url = "/a", version = 1 } = {}): IncomingMessage {
  const headers: Record<string, string> = {};
  for (let at = 0; at < rawHeaders.length; at += 2) headers[rawHeaders[at]!.toLowerCase()] ??= rawHeaders[at + 1]!;
  return { rawHeaders, headers, url, httpVersionMajor: version } as unknown as IncomingMessage;
}
const read = (rawHeaders: string[], over?: { url?: string; version?: number }, mostBytes = 1_000) =>
  readHead(request(rawHeaders, over), connection, mostBytes);

describe("a request's head", () => {
  test("has every Authorization value, in order and as sent", () => {
    const head = read(["Host", "a", "Authorization", "x", "authorization", "", "AUTHORIZATION", "y"]);
    expect(head).toMatchObject({ authorization: ["x", "", "y"] });
  });

  test("has the connection's addresses and the request's host and origin", () => {
    expect(read(["host", "gw:1", "origin", "https://x"])).toMatchObject({
      arrival: { peer: "127.0.0.1", host: "gw:1", origin: "https://x", listener: "users" },
    });
  });

  test.each([
    ["Host once", ["host", "a"], 1],
    [":authority", [":authority", "a"], 2],
    [":authority and the same Host", [":authority", "a", "host", "a"], 2],
    ["an address with a port", ["host", "[::1]:443"], 1],
  ])("with %s is good", (_what, rawHeaders, version) => {
    expect(read(rawHeaders, { version })).toHaveProperty("arrival");
  });

  test.each([
    ["no host", [], 1],
    ["two hosts", ["host", "a", "host", "b"], 1],
    ["one host twice over HTTP/1.1", ["host", "a", "host", "a"], 1],
    [":authority and another Host", [":authority", "a", "host", "b"], 2],
    ["another Host and :authority", ["host", "b", ":authority", "a"], 2],
    ["an empty host", ["host", ""], 1],
    ["a host with a space", ["host", "a b"], 1],
    ["a host with a user", ["host", "u@a"], 1],
    ["a host with a slash", ["host", "a/"], 1],
    ["a host beyond all names", ["host", "a".repeat(300)], 1],
  ])("with %s is refused", (_what, rawHeaders, version) => {
    expect(read(rawHeaders, { version })).toMatchObject({ status: 400 });
  });

  test.each([
    ["http://a/b?c", "/b?c"],
    ["HTTP://A/b", "/b"],
    ["https://a", "/"],
    ["http://a?x", "/?x"],
    ["http://a//b", "//b"],
    ["*", "*"],
  ])("a URL %s becomes the path %s", (url, path) => {
    const given = request(["host", "a"], { url });
    expect(readHead(given, connection, 1_000)).toHaveProperty("arrival");
    expect(given.url).toBe(path);
  });

  test.each(["http://b/x", "http://a:80/x", "http://u@a/x", "ftp://a/x", "//a/x".slice(1) && "a/x", "", "http:///x"])(
    "a URL %j does not fit the host",
    (url) => {
      expect(read(["host", "a"], { url })).toMatchObject({ status: 400 });
    },
  );

  test("longer than it may be is refused, to the byte", () => {
    expect(read(["host", "a", "x", "y".repeat(94)], {}, 100)).toHaveProperty("arrival");
    expect(read(["host", "a", "x", "y".repeat(95)], {}, 100)).toMatchObject({ status: 431 });
  });
});
