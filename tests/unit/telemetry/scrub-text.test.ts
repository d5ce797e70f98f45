import { generateKeyPairSync, randomBytes } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { scrubText } from "../../../src/telemetry/scrub-text.ts";

const part = (text: string) => Buffer.from(text).toString("base64url");
const signature = randomBytes(64).toString("base64url");
const token = `${part('{"alg":"EdDSA","typ":"JWT"}')}.${part('{"sub":"spiffe://openshell/sandbox/1"}')}.${signature}`;
const { privateKey } = generateKeyPairSync("ed25519", {
  privateKeyEncoding: { format: "pem", type: "pkcs8" },
  publicKeyEncoding: { format: "pem", type: "spki" },
});
const keyBody = privateKey.split("\n")[1]!;

test.each([
  ["a token", `invalid: ${token}.`, signature],
  ["a token in an authorization header", `authorization: Bearer ${token}`, signature],
  ["an opaque bearer credential", "authorization: bearer s3cr3t-opaque", "s3cr3t"],
  ["a token in a URL", `GET /?token=${token}&x=1`, signature],
  ["a token in JSON", JSON.stringify({ token }), signature],
  ["a token after an escaped line feed", JSON.stringify({ text: `\n${token}` }), signature],
  ["a token that was cut off in its payload", token.slice(0, 60), token.slice(45, 60)],
  ["a token without a signature", token.slice(0, token.lastIndexOf(".") + 1), token.slice(45, 70)],
  ["a token whose header is spelled with a space", `${part('{ "alg":"EdDSA"}')}.${part("{}")}.${signature}`, signature],
  ["two tokens", `${token} ${token}`, signature],
  ["an encrypted token", `${part('{"alg":"dir"}')}..iv.${signature}.tag`, signature],
  ["a private key", `read ${privateKey}`, keyBody],
  ["a private key without its end", privateKey.slice(0, -30), keyBody.slice(0, 40)],
  ["a private key as JSON", JSON.stringify({ privateKey }), keyBody],
  ["the body of a private key", `key=${keyBody}`, keyBody.slice(22)],
])("%s is taken out", (_what, text, secret) => {
  expect(text).toContain(secret);
  expect(scrubText(text)).not.toContain(secret);
});

test.each([
  "openshell.v1.OpenShell/GetSandboxConfig",
  "7d9f7b7e-1111-4222-8333-444455556666.12",
  "http://gateway.sandboxes.example.org:17670/healthz",
  "at run (file:///srv/gateway/src/http/rpc/serve-call.ts:12:3)",
  "-----BEGIN PUBLIC KEY----- MCowBQYDK2VwAyEA -----END PUBLIC KEY-----",
  "node v24.21.0",
])("%s stays as it is", (text) => {
  expect(scrubText(text)).toBe(text);
});

test("the shortest run of segments that is taken for a token is taken out, however it begins", () => {
  const long = "x".repeat(40);
  for (const run of [`${long}.y.z`, `y.${long}.z`, `y.z.${long}`]) expect(scrubText(run)).toBe("[token]");
  expect(scrubText(`${long}.y`)).toBe(`${long}.y`);
});

test("half of a character becomes a sign that there was one", () => {
  expect(scrubText("a\ud800")).toBe("a\ufffd");
});

test("no byte of a token remains, whatever stands around it", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (before, after) => {
      expect(scrubText(`${before} ${token} ${after}`)).not.toContain(signature.slice(0, 20));
    }),
  );
});

test.each([["eyJ"], ["a."], ["aaaa"], ["-----BEGIN PRIVATE KEY-----"], ["bearer "], ["MC4CAQAwBQYDK2VwBCIEI"]])(
  "a megabyte of %j takes no more than a moment",
  (piece) => {
    const started = performance.now();
    scrubText(piece.repeat(1_000_000 / piece.length));
    expect(performance.now() - started).toBeLessThan(2_000);
  },
);
