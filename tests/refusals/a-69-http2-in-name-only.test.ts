import { expect, test } from "vitest";
import { grpc } from "../protocols/support/clients.ts";
import { startFrontDoor } from "../protocols/support/fixture.ts";
import { raw, statusOf } from "../protocols/support/raw-http1.ts";

test.each([
  ["a request without a body", "GET /healthz HTTP/2.0\nhost: 127.0.0.1\n\n"],
  ["a call", "POST /openshell.v1.OpenShell/Health HTTP/2.0\nhost: 127.0.0.1\ncontent-length: 2\n\n{}"],
  ["a second request", "GET /healthz HTTP/1.1\nhost: 127.0.0.1\n\nGET /healthz HTTP/2.0\nhost: 127.0.0.1\n\n"],
  ["a request that wants to be asked", "POST / HTTP/2.0\nhost: 127.0.0.1\nexpect: 100-continue\ncontent-length: 2\n\n"],
  ["an upgrade", "GET / HTTP/2.0\nhost: 127.0.0.1\nconnection: upgrade\nupgrade: h2c\n\n"],
  ["a request without a host", "GET /healthz HTTP/2.0\n\n"],
])("A-69: %s that calls itself HTTP/2.0 over HTTP/1.1 is refused, and others are served", async (_what, text) => {
  await using fixture = await startFrontDoor();
  const answers = (await raw(fixture, text)).split(/(?=HTTP\/1\.1 \d)/);
  expect(statusOf(answers.at(-1) ?? "")).toBe(505);
  expect(fixture.records).toEqual([]);
  expect(await grpc(fixture.url).health({})).toMatchObject({ version: "test" });
});
