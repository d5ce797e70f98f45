import { describe, expect, test } from "vitest";
import { startFrontDoor } from "../protocols/support/fixture.ts";
import { frame, grpcHeaders, health } from "../protocols/support/http2-client.ts";
import { raw, statusOf } from "../protocols/support/raw-http1.ts";
import { bothWays, sharedDoor } from "./both-ways.ts";

test.each([
  "content-type: text/plain",
  "content-type: application/x-www-form-urlencoded",
  "content-type: multipart/form-data; boundary=x",
  "content-type: application/json\ta",
  "content-type: text/json",
  "content-type: application/json, text/plain",
  "content-type:",
  "x-none: 1",
])("A-68: %j is no type of a call", async (type) => {
  await using fixture = await startFrontDoor();
  const answer = await raw(
    fixture,
    `POST ${health} HTTP/1.1\nhost: a\norigin: https://evil.example\nconnection: close\n${type}\ncontent-length: 2\n\n{}`,
  );
  expect(statusOf(answer)).toBe(415);
  expect(fixture.records).toEqual([]);
});

describe.each(bothWays)("A-68: over HTTP/2 on %s", (_way, leanUnary) => {
  const door = sharedDoor(leanUnary);

  test.each([
    "text/plain",
    "application/grpcx",
    "application/grpc+",
    "application/grpc+thrift",
    "application/grpc; a=b",
    "application/grpc, application/json",
    "application/grpc;",
    "x-application/grpc",
    "",
  ])("%j is no type of a call", async (type) => {
    const { headers } = await door.ask({ ...grpcHeaders(health), "content-type": type }, frame(Buffer.alloc(0)));
    expect(headers[":status"]).toBe(415);
    expect(door.news().records).toEqual([]);
  });

  test.each(["application/grpc", "application/grpc+proto", "APPLICATION/GRPC", "application/gRPC+Proto"])(
    "%j is one",
    async (type) => {
      const headers = { ...grpcHeaders(health), "content-type": type };
      expect((await door.ask(headers, frame(Buffer.alloc(0)))).trailers["grpc-status"]).toBe("0");
    },
  );
});
