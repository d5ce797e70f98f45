import { afterAll, beforeAll, expect, test } from "vitest";
import { OpenShell } from "../../../gen/openshell/v1/openshell_pb.ts";
import { startTestGateway, type TestGateway, type TestSandbox } from "../../support/gateway.ts";
import type { HeaderLines } from "../../support/http-exchange.ts";
import { bearer, protocols } from "../../support/protocols.ts";

let gateway: TestGateway;
let sandbox: TestSandbox;
let victim: TestSandbox;

beforeAll(async () => {
  gateway = await startTestGateway();
  [sandbox, victim] = [await gateway.createSandbox("own"), await gateway.createSandbox("victim")];
});
afterAll(() => gateway[Symbol.asyncDispose]());

const { getSandboxConfig, listSandboxes } = OpenShell.method;

/** What proxies say of callers, and what somebody might believe of them. */
const claims = (): HeaderLines => [
  ["x-forwarded-client-cert", `By=spiffe://openshell/gateway;URI=spiffe://openshell/sandbox/${victim.id}`],
  ["x-sandbox-id", victim.id],
  ["openshell-sandbox-id", victim.id],
  ["x-user", "admin"],
  ["x-remote-user", "admin"],
  ["x-forwarded-user", "admin"],
  ["x-forwarded-for", "203.0.113.7"],
  ["x-real-ip", "203.0.113.7"],
  ["forwarded", "for=203.0.113.7;host=localhost;proto=https"],
  ["x-forwarded-host", "localhost"],
  ["x-original-url", "/openshell.v1.OpenShell/Health"],
];

test.each(protocols)("A-30: what a caller says of itself in headers proves nothing, over $name", async (protocol) => {
  const request = [{ sandboxId: victim.id }];
  expect(await protocol.call(gateway.sandboxesUrl, getSandboxConfig, request, { headers: claims() })).toMatchObject({
    code: "unauthenticated",
    message: "missing authorization header",
  });
  expect(await protocol.call(gateway.sandboxesUrl, listSandboxes, [{}], { headers: claims() })).toMatchObject({
    code: "unauthenticated",
  });
});

test.each(protocols)(
  "A-30: a sandbox that says in headers that it is another stays what it is, over $name",
  async (protocol) => {
    const headers = [...bearer(await sandbox.token()), ...claims()];
    const ask = (sandboxId: string) =>
      protocol.call(gateway.sandboxesUrl, getSandboxConfig, [{ sandboxId }], { headers });
    expect(await ask(victim.id)).toMatchObject({ code: "permission_denied" });
    expect(gateway.audited().at(-1)).toMatchObject({
      event: "access.cross-sandbox",
      principal: `sandbox:${sandbox.id}`,
      requested: victim.id,
      peer: "127.0.0.1",
    });
    expect(await ask(sandbox.id)).toMatchObject({ code: "ok" });
  },
);

test.each(protocols)("A-30: no forwarded host makes a strange Host a loopback one, over $name", async (protocol) => {
  const { port } = new URL(gateway.url);
  const host = protocol.name === "gRPC" ? ":authority" : "host";
  const headers: HeaderLines = [[host, `evil.example:${port}`], ...claims()];
  expect(await protocol.call(gateway.url, listSandboxes, [{}], { headers })).toMatchObject({ code: "unauthenticated" });
  expect(await protocol.call(gateway.url, listSandboxes, [{}], { headers: claims() })).toMatchObject({ code: "ok" });
});
