import { describe, expect, test } from "vitest";
import { startFrontDoor } from "../protocols/support/fixture.ts";
import { config, frame, grpcHeaders, health } from "../protocols/support/http2-client.ts";
import { rawBytes } from "../protocols/support/raw-http1.ts";
import { bothWays, sharedDoor } from "./both-ways.ts";

const head = `POST ${health} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n`;
const second = `POST ${health} HTTP/1.1\r\nhost: a\r\nx-second: 1\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}`;

test.each([
  [
    "Transfer-Encoding and Content-Length",
    `${head}transfer-encoding: chunked\r\ncontent-length: 4\r\n\r\n0\r\n\r\n${second}`,
  ],
  ["two Content-Lengths", `${head}content-length: 2\r\ncontent-length: 3\r\n\r\n{}${second}`],
  ["two equal Content-Lengths", `${head}content-length: 2\r\ncontent-length: 2\r\n\r\n{}${second}`],
  ["a list of Content-Lengths", `${head}content-length: 2, 2\r\n\r\n{}${second}`],
  ["a signed Content-Length", `${head}content-length: +2\r\n\r\n{}${second}`],
  ["a Content-Length in hex", `${head}content-length: 0x2\r\n\r\n{}${second}`],
  ["xchunked", `${head}transfer-encoding: xchunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n${second}`],
  ["chunked before another coding", `${head}transfer-encoding: chunked, gzip\r\n\r\n0\r\n\r\n${second}`],
  ["a bare LF after the request line", `POST ${health} HTTP/1.1\nhost: a\r\n\r\n${second}`],
  ["a bare CR in a header", `${head}x: a\rb\r\n\r\n${second}`],
  ["a NUL in a header", `${head}x: a\0b\r\n\r\n${second}`],
  ["a space before a colon", `${head}content-length : 2\r\n\r\n{}${second}`],
  ["a folded header", `${head}x: a\r\n transfer-encoding: chunked\r\ncontent-length: 2\r\n\r\n{}${second}`],
  ["a header without a name", `${head}: a\r\ncontent-length: 2\r\n\r\n{}${second}`],
  ["a chunk's length that is none", `${head}transfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n${second}`],
  [
    "a chunk's length beyond numbers",
    `${head}transfer-encoding: chunked\r\n\r\n${"f".repeat(20)}\r\n{}\r\n0\r\n\r\n${second}`,
  ],
  [
    "a chunk's extensions without end",
    `${head}transfer-encoding: chunked\r\n\r\n2;${"a".repeat(20_000)}\r\n{}\r\n0\r\n\r\n${second}`,
  ],
  ["a version that does not exist", `POST ${health} HTTP/1.9\r\nhost: a\r\n\r\n${second}`],
  ["HTTP/2's preface with another end", `PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n${second}`],
])("A-69: %s ends the connection, and no second request is seen", async (_what, bytes) => {
  await using fixture = await startFrontDoor();
  const answer = await rawBytes(fixture, bytes);
  expect(answer).toMatch(/^HTTP\/1\.1 (400|413) |^$/);
  expect(answer.match(/HTTP\/1\.1 /g) ?? []).toHaveLength(answer === "" ? 0 : 1);
  expect(fixture.records.filter(({ code }) => code === "ok")).toEqual([]);
});

test("A-69: an upgrade to h2c is not made", async () => {
  await using fixture = await startFrontDoor();
  const upgrade = "connection: upgrade, http2-settings, close\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAAP__\r\n";
  const answer = await rawBytes(fixture, `${head}${upgrade}content-length: 2\r\n\r\n{}`);
  expect(answer).not.toContain("101 Switching");
  expect(answer).toMatch(/^HTTP\/1\.1 (200|400) /);
});

describe.each(bothWays)("A-69: over HTTP/2 on %s", (_way, leanUnary) => {
  const door = sharedDoor(leanUnary);

  test.each(["a\r\nauthorization: Bearer sandbox", "a\nauthorization: Bearer sandbox", "a\0b"])(
    "a value of %j becomes no header of its own",
    async (value) => {
      const { trailers } = await door.ask(grpcHeaders(config, { "x-bad": value }), frame(Buffer.alloc(0)));
      expect(["16", undefined]).toContain(trailers["grpc-status"]);
      expect(door.news().records.filter(({ reason }) => reason !== "credential-missing")).toEqual([]);
    },
  );
});
