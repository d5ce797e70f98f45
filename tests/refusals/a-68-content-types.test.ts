import { expect, test } from "vitest";
import { startFrontDoor } from "../protocols/support/fixture.ts";
import { health } from "../protocols/support/http2-client.ts";
import { raw, statusOf } from "../protocols/support/raw-http1.ts";

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
