import { connect } from "node:http2";
import { describe, expect, test } from "vitest";
import { startFrontDoor } from "../protocols/support/fixture.ts";
import { ask, frame, grpcHeaders, health, http2Session } from "../protocols/support/http2-client.ts";
import { raw, statusOf } from "../protocols/support/raw-http1.ts";
import { bothWays, sharedDoor } from "./both-ways.ts";

const methods = ["HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "QUERY"];

describe.each([health, "/healthz", "/readyz", "/metrics", "/.well-known/jwks.json"])("A-67: %s", (path) => {
  test.each(methods)("is not for %s, and no other origin is allowed anything", async (method) => {
    await using fixture = await startFrontDoor({ publicKeys: () => ({ keys: [] }) });
    const preflight = "origin: https://evil.example\naccess-control-request-method: POST\ncookie: a=b";
    const answer = await raw(fixture, `${method} ${path} HTTP/1.1\nhost: a\nconnection: close\n${preflight}\n\n`);
    expect(statusOf(answer)).toBe(405);
    expect(answer.toLowerCase()).not.toContain("access-control-");
    expect(answer).not.toContain("evil.example");
    expect(answer).not.toContain("a=b");
    await using session = http2Session(fixture.url);
    const { headers } = await ask(session, { ":method": method, ":path": path, origin: "https://evil.example" });
    expect(headers[":status"]).toBe(405);
    expect(headers["access-control-allow-origin"]).toBeUndefined();
  });
});

test("A-67: a call from a page of another origin is answered without leave to read the answer", async () => {
  await using fixture = await startFrontDoor();
  const headers = { "content-type": "application/json", origin: "https://evil.example" };
  const answer = await fetch(`${fixture.url}${health}`, { method: "POST", headers, body: "{}" });
  expect([...answer.headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([]);
});

test("A-67: CONNECT is refused over both versions", async () => {
  await using fixture = await startFrontDoor();
  expect(statusOf(await raw(fixture, "CONNECT evil.example:443 HTTP/1.1\nhost: evil.example:443\n\n"))).toBe(405);
  const session = connect(fixture.url);
  const stream = session.request({ ":method": "CONNECT", ":authority": "evil.example:443" });
  const status = await new Promise((resolve) => stream.once("response", (response) => resolve(response[":status"])));
  expect(status).toBe(405);
  session.destroy();
});

test("A-67: OPTIONS * is answered, with nothing", async () => {
  await using fixture = await startFrontDoor();
  expect(statusOf(await raw(fixture, "OPTIONS * HTTP/1.1\nhost: a\nconnection: close\n\n"))).toBe(404);
});

describe.each(bothWays)("A-67: over HTTP/2 on %s", (_way, leanUnary) => {
  const door = sharedDoor(leanUnary);

  test.each([...methods, "GET", "post", "Post"])("%s is no gRPC call, though all else is", async (method) => {
    const headers = { ...grpcHeaders(health), ":method": method, origin: "https://evil.example" };
    const answer = await door.ask(headers, frame(Buffer.alloc(0)));
    expect(answer.body).toBe("");
    expect(answer.trailers["grpc-status"]).not.toBe("0");
    expect(answer.headers["access-control-allow-origin"]).toBeUndefined();
    expect(door.news().records).toEqual([]);
  });
});
