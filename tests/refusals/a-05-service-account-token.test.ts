import { generateKeyPairSync, sign } from "node:crypto";
import { expect, test } from "vitest";
import { base64Url, callMethod, refreshMethod, refusedFor, startTokens } from "../support/tokens.ts";

test("A-05: a raw ServiceAccount token is no credential of a sandbox, for any call or a refresh", async () => {
  await using gateway = await startTokens();
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const header = { alg: "RS256", kid: "a-cluster-key" };
  const payload = {
    iss: "https://kubernetes.default.svc",
    aud: ["openshell-gateway"],
    sub: "system:serviceaccount:a:b",
  };
  const signed = `${base64Url(JSON.stringify(header))}.${base64Url(JSON.stringify(payload))}`;
  const token = `${signed}.${base64Url(sign("sha256", Buffer.from(signed), privateKey))}`;
  for (const method of [callMethod, refreshMethod]) {
    expect(await gateway.present(token, method)).toEqual(refusedFor("credential-unrecognised"));
  }
});
