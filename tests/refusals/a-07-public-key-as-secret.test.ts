import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import { rawPublicKey } from "../../src/tokens/pkcs8.ts";
import { base64Url, newKey, refusedFor, startTokens } from "../support/tokens.ts";

const key = newKey();
const secrets: [string, string | Buffer][] = [
  ["PEM", key.publicKey.export({ format: "pem", type: "spki" })],
  ["DER", key.publicKey.export({ format: "der", type: "spki" })],
  ["JWK", JSON.stringify(key.publicKey.export({ format: "jwk" }))],
  ["raw", rawPublicKey(key.publicKey)],
];

test.each(secrets)("A-07: HS256 with the public key's %s as secret is refused", async (_form, secret) => {
  await using gateway = await startTokens({ key });
  const { header, payload } = await gateway.issued();
  for (const alg of ["HS256", "HS512", "EdDSA"]) {
    const signed = `${base64Url(JSON.stringify({ ...header, alg }))}.${base64Url(JSON.stringify(payload))}`;
    const digest = createHmac(alg === "HS256" ? "sha256" : "sha512", secret)
      .update(signed)
      .digest();
    const reason = alg === "EdDSA" ? "token-signature" : "token-malformed";
    expect(await gateway.present(`${signed}.${base64Url(digest)}`), alg).toEqual(refusedFor(reason));
  }
});
