import { expect, test } from "vitest";
import { type Fixture, received, startFrontDoor } from "./support/fixture.ts";
import { ask, grpcHeaders, health, http2Session } from "./support/http2-client.ts";

const key = { kty: "OKP", crv: "Ed25519", alg: "EdDSA", use: "sig", kid: "0123", x: "abc" } as const;
const publicKeys = () => ({ keys: [key] });

/** One HTTP/1.1 request, spelled by the test; the answer as text. */
async function raw(fixture: Fixture, request: string): Promise<string> {
  const socket = await fixture.socket();
  const answer = received(socket);
  socket.write(request.replaceAll("\n", "\r\n"));
  return answer;
}

test.each(["/readyz", "/health"])("%s says that calls can be served, and what that depends on", async (path) => {
  await using fixture = await startFrontDoor();
  const answer = await fetch(`${fixture.url}${path}`);
  expect(answer.status).toBe(200);
  expect(await answer.json()).toEqual({ status: "ok", version: "1.2.3", checks: { database: "ok" } });
});

test("the probes answer over HTTP/2 too", async () => {
  await using fixture = await startFrontDoor();
  await using session = http2Session(fixture.url);
  const { headers, body } = await ask(session, { ":path": "/healthz" });
  expect(headers[":status"]).toBe(200);
  expect(JSON.parse(body)).toEqual({ status: "ok", version: "1.2.3" });
});

test("plain answers are not for browsers to render, frame or keep", async () => {
  await using fixture = await startFrontDoor();
  for (const path of ["/healthz", "/nothing"]) {
    const { headers } = await fetch(`${fixture.url}${path}`);
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("cache-control")).toBe("no-store");
    expect(headers.get("content-security-policy")).toBe("default-src 'none'; frame-ancestors 'none'");
    expect(headers.get("referrer-policy")).toBe("no-referrer");
    expect(headers.get("server")).toBeNull();
    expect(headers.get("x-powered-by")).toBeNull();
  }
});

test("an unknown route is not found, as JSON", async () => {
  await using fixture = await startFrontDoor();
  const answer = await fetch(`${fixture.url}/nothing?x=1`);
  expect(answer.status).toBe(404);
  expect(await answer.json()).toEqual({ code: "not_found", message: "not found" });
});

test("a listener for operations answers probes and metrics, and nothing else", async () => {
  await using fixture = await startFrontDoor({ listeners: [{ kind: "operations" }, {}], publicKeys, reflection: true });
  const statuses: Record<string, number> = {};
  for (const path of ["/healthz", "/readyz", "/health", "/metrics", "/.well-known/jwks.json", "/%68ealthz", "/"]) {
    statuses[path] = (await fetch(`${fixture.url}${path}`)).status;
  }
  expect(statuses).toEqual({
    "/healthz": 200,
    "/readyz": 200,
    "/health": 200,
    "/metrics": 200,
    "/.well-known/jwks.json": 404,
    "/%68ealthz": 404,
    "/": 404,
  });
  await using session = http2Session(fixture.url);
  for (const path of [health, "/grpc.health.v1.Health/Check"]) {
    expect((await ask(session, grpcHeaders(path))).headers["grpc-status"]).toBe("5");
  }
});

test("several listeners share one set of handlers, and each call knows by which it came", async () => {
  await using fixture = await startFrontDoor({ listeners: [{ kind: "users" }, { kind: "sandboxes" }] });
  for (const { url } of fixture.door.addresses) {
    await fetch(`${url}/openshell.v1.OpenShell/GetCurrentUser`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: "Bearer user" },
      body: "{}",
    });
  }
  expect(fixture.arrivals).toMatchObject([{ listener: "users" }, { listener: "sandboxes" }]);
  expect(fixture.records).toMatchObject([
    { code: "unimplemented" },
    { code: "permission_denied", reason: "listener-restricted" },
  ]);
});

test("a port that is taken opens nothing at all", async () => {
  await using fixture = await startFrontDoor();
  const { port } = fixture.address;
  await expect(startFrontDoor({ listeners: [{}, { port }] })).rejects.toMatchObject({ code: "EADDRINUSE" });
});

test("an IPv4 client of a dual-stack listener has an IPv4 address", async () => {
  await using fixture = await startFrontDoor({ listeners: [{ host: "::" }] });
  expect(fixture.url).toBe(`http://[::1]:${fixture.address.port}`);
  await fetch(`http://127.0.0.1:${fixture.address.port}/openshell.v1.OpenShell/GetCurrentUser`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: "{}",
  });
  expect(fixture.arrivals).toMatchObject([{ peer: "127.0.0.1", localAddress: "127.0.0.1" }]);
});

test("the published keys have public members alone, whatever the key objects hold", async () => {
  const withPrivate = () => ({ keys: [{ ...key, d: "private", key_ops: ["sign"] }] });
  await using fixture = await startFrontDoor({ publicKeys: withPrivate });
  const answer = await fetch(`${fixture.url}/.well-known/jwks.json`);
  expect(answer.headers.get("cache-control")).toBe("public, max-age=60");
  expect(await answer.json()).toEqual({ keys: [key] });
});

test("discovery names the issuer and where its keys are, by the authority that was asked", async () => {
  await using fixture = await startFrontDoor({ publicKeys });
  const answer = await fetch(`${fixture.url}/.well-known/openid-configuration`);
  expect(await answer.json()).toEqual({
    issuer: "openshell-gateway:test",
    jwks_uri: `${fixture.url}/.well-known/jwks.json`,
    response_types_supported: ["id_token"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["EdDSA"],
  });
});

test.each([
  ["nobody is trusted", [], "http:"],
  ["the peer is not trusted", ["10.0.0.0/8", "::1"], "http:"],
  ["the peer is a trusted proxy", ["127.0.0.0/8"], "https:"],
])("X-Forwarded-Proto where %s", async (_who, trustedProxies, scheme) => {
  await using fixture = await startFrontDoor({ publicKeys, trustedProxies });
  const headers = { "x-forwarded-proto": "https" };
  const answer = await fetch(`${fixture.url}/.well-known/openid-configuration`, { headers });
  const { jwks_uri } = (await answer.json()) as { jwks_uri: string };
  expect(new URL(jwks_uri).protocol).toBe(scheme);
});

test("a trusted proxy's X-Forwarded-Proto is http, https, or nothing", async () => {
  await using fixture = await startFrontDoor({ publicKeys, trustedProxies: ["127.0.0.1"] });
  const headers = { "x-forwarded-proto": "javascript" };
  const answer = await fetch(`${fixture.url}/.well-known/openid-configuration`, { headers });
  expect(((await answer.json()) as { jwks_uri: string }).jwks_uri).toMatch(/^http:/);
});

test("without an authority there is no discovery", async () => {
  await using fixture = await startFrontDoor({ publicKeys });
  expect(await raw(fixture, "GET /.well-known/openid-configuration HTTP/1.0\n\n")).toMatch(/^HTTP\/1.1 400 /);
  expect(await raw(fixture, "GET /.well-known/openid-configuration HTTP/1.1\nhost: a b\n\n")).toMatch(
    /^HTTP\/1.1 400 /,
  );
});

test("a gateway that mints no tokens publishes nothing", async () => {
  await using fixture = await startFrontDoor();
  for (const name of ["jwks.json", "openid-configuration"]) {
    expect((await fetch(`${fixture.url}/.well-known/${name}`)).status).toBe(404);
  }
});
