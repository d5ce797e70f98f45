import { networkInterfaces } from "node:os";
import { expect, test } from "vitest";
import { received, startFrontDoor } from "../protocols/support/fixture.ts";
import { ask, grpcHeaders, http2Session } from "../protocols/support/http2-client.ts";
import { post, raw, statusOf } from "../protocols/support/raw-http1.ts";

const get = (path: string, ...headers: string[]) =>
  [`GET ${path} HTTP/1.1`, ...headers, "connection: close", "", ""].join("\n");

test("A-80: metrics are there for users on the machine itself", async () => {
  await using fixture = await startFrontDoor();
  for (const host of ["127.0.0.1", "127.0.0.1:17670", "localhost:1", "[::1]:1"]) {
    const answer = await raw(fixture, get("/metrics", `host: ${host}`));
    expect(statusOf(answer)).toBe(200);
    expect(answer).toContain("up 1");
  }
});

test.each([
  ["a name that is not this machine's", ["host: gateway.example"]],
  ["a name that only begins so", ["host: localhost.evil.example"]],
  ["a page in a browser", ["host: localhost", "origin: https://evil.example"]],
  ["a page of this very host", ["host: localhost", "origin: http://localhost"]],
  ["a proxy (X-Forwarded-For)", ["host: localhost", "x-forwarded-for: 10.0.0.1"]],
  ["a proxy (Forwarded)", ["host: localhost", "forwarded: for=10.0.0.1"]],
  ["a proxy (Via)", ["host: localhost", "via: 1.1 proxy"]],
  ["a user's token", ["host: gateway.example", "authorization: Bearer user"]],
])("A-80: metrics are not there by %s", async (_what, headers) => {
  await using fixture = await startFrontDoor();
  expect(statusOf(await raw(fixture, get("/metrics", ...headers)))).toBe(404);
});

test("A-80: metrics are not there on a listener that sandboxes reach", async () => {
  await using fixture = await startFrontDoor({ listeners: [{ kind: "sandboxes" }] });
  expect(statusOf(await raw(fixture, get("/metrics", "host: localhost")))).toBe(404);
});

test("A-80: metrics are not there for an address of the network", async () => {
  // ::ffff:0:0/96 aside, a machine's own address of its network is the nearest thing to a stranger that a test has.
  await using fixture = await startFrontDoor({ listeners: [{ host: "0.0.0.0" }] });
  const own = Object.values(networkInterfaces())
    .flat()
    .find((each) => each && !each.internal && each.family === "IPv4");
  if (!own) return;
  const answer = await fetch(`http://${own.address}:${fixture.address.port}/metrics`);
  expect(answer.status).toBe(404);
});

test("A-80: reflection is closed unless it is asked for, over every protocol", async () => {
  await using fixture = await startFrontDoor();
  await using session = http2Session(fixture.url);
  for (const version of ["v1", "v1alpha"]) {
    const path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;
    expect((await ask(session, grpcHeaders(path))).headers["grpc-status"]).toBe("12");
    expect(statusOf(await raw(fixture, post(path, "{}")))).toBe(404);
  }
});

test("A-80: nothing is served that no option asks for", async () => {
  await using fixture = await startFrontDoor();
  for (const path of ["/", "/index.html", "/debug", "/debug/pprof", "/.env", "/server-status", "/documentation/json"]) {
    expect((await fetch(`${fixture.url}${path}`)).status).toBe(404);
  }
  const socket = await fixture.socket();
  const nothing = received(socket);
  socket.end("\r\n");
  expect(await nothing).not.toContain("200");
});
