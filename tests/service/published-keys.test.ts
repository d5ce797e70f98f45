import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from "jose";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestGateway, type TestGateway, type TestSandbox } from "../support/gateway.ts";

let gateway: TestGateway;
let sandbox: TestSandbox;
beforeAll(async () => {
  gateway = await startTestGateway();
  sandbox = await gateway.createSandbox();
});
afterAll(() => gateway[Symbol.asyncDispose]());

const published = () => createRemoteJWKSet(new URL("/.well-known/jwks.json", gateway.url));
const expected = { issuer: "openshell-gateway:openshell", audience: "openshell-gateway:openshell", typ: "JWT" };

test("another program verifies our tokens with the published keys (G7, T1)", async () => {
  const { payload, protectedHeader } = await jwtVerify(await sandbox.token(), published(), expected);
  expect(protectedHeader).toEqual({ alg: "EdDSA", typ: "JWT", kid: expect.stringMatching(/^[0-9a-f]{32}$/) });
  expect(payload).toEqual({
    ...{ iss: expected.issuer, aud: expected.audience },
    sub: `spiffe://openshell/sandbox/${sandbox.id}`,
    sandbox_id: sandbox.id,
    iat: expect.any(Number),
    exp: expect.any(Number),
    jti: expect.any(String),
  });
  expect(payload.exp! - payload.iat!).toBe(3_600);
});

test("a token whose claims were changed is not verified by them", async () => {
  const [header = "", , signature = ""] = (await sandbox.token()).split(".");
  const claims = Buffer.from(JSON.stringify({ iss: expected.issuer, aud: expected.audience })).toString("base64url");
  await expect(jwtVerify(`${header}.${claims}.${signature}`, published(), expected)).rejects.toThrow();
});

test("what is published has no private member (A-80)", async () => {
  const { keys } = (await (await fetch(`${gateway.url}/.well-known/jwks.json`)).json()) as { keys: object[] };
  expect(keys.map((key) => Object.keys(key).sort())).toEqual([["alg", "crv", "kid", "kty", "use", "x"]]);
  expect(keys).toMatchObject([{ kid: decodeProtectedHeader(await sandbox.token()).kid }]);
});
