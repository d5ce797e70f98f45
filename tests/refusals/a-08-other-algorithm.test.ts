import { generateKeyPairSync, sign } from "node:crypto";
import { expect, test } from "vitest";
import { base64Url, refusedFor, startTokens } from "../support/tokens.ts";

test.each(["ES256", "RS256", "PS256", "ES512", "Ed448", "eddsa", "EDDSA", "EdDSA ", "Ed25519"])(
  "A-08, A-09: alg %j with our key id is refused, though our key signed it",
  async (alg) => {
    await using gateway = await startTokens();
    const token = await gateway.forged((good) => ({ header: { ...good.header, alg } }));
    expect(await gateway.present(token)).toEqual(refusedFor("token-malformed"));
  },
);

test.each([
  ["ES256", generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey],
  ["RS256", generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey],
] as const)("A-08: a real %s signature under our key id is refused", async (alg, key) => {
  await using gateway = await startTokens();
  const { header, payload } = await gateway.issued();
  const signed = `${base64Url(JSON.stringify({ ...header, alg }))}.${base64Url(JSON.stringify(payload))}`;
  const signature = sign("sha256", Buffer.from(signed), { key, dsaEncoding: "ieee-p1363" });
  expect(await gateway.present(`${signed}.${base64Url(signature)}`)).toEqual(refusedFor("token-malformed"));
});

test.each([undefined, null, 1, ["EdDSA"], { EdDSA: 1 }])("A-08: alg %j is refused", async (alg) => {
  await using gateway = await startTokens();
  const token = await gateway.forged((good) => ({ header: { ...good.header, alg } }));
  expect(await gateway.present(token)).toEqual(refusedFor("token-malformed"));
});
