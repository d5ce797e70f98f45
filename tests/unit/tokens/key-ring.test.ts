import { expect, test } from "vitest";
import { createKeyRing } from "../../../src/tokens/index.ts";
import { newKey, ringKey } from "../../support/tokens.ts";

const [a, b, c] = [newKey(), newKey(), newKey()];

test("the active key signs, all of them verify, and all are published", () => {
  const ring = createKeyRing([ringKey(a, "retiring"), ringKey(b), ringKey(c, "next")]);
  expect(ring.active.keyId).toBe(b.keyId);
  for (const { keyId } of [a, b, c]) expect(ring.find(keyId)?.keyId).toBe(keyId);
  expect(ring.jwks().keys.map(({ kid }) => kid)).toEqual([a.keyId, b.keyId, c.keyId]);
});

test("what is published has public members only", () => {
  for (const jwk of createKeyRing([ringKey(a), ringKey(b, "next")]).jwks().keys) {
    expect(Object.keys(jwk).sort()).toEqual(["alg", "crv", "kid", "kty", "use", "x"]);
    expect(jwk.x).toBe((jwk.kid === a.keyId ? a : b).publicKey.export({ format: "jwk" }).x);
  }
});

test.each(["__proto__", "constructor", ""])("no key is found under %j", (keyId) => {
  expect(createKeyRing([ringKey(a)]).find(keyId)).toBeUndefined();
});

test.each([
  ["no key", []],
  ["no active key", [ringKey(a, "next"), ringKey(b, "retiring")]],
  ["two active keys", [ringKey(a), ringKey(b)]],
  ["an active key that cannot sign", [{ ...ringKey(a), signer: undefined }]],
])("a ring of %s is refused", (_what, keys) => {
  expect(() => createKeyRing(keys)).toThrow(/exactly one key of the ring must be active/);
});

test("a ring with one id twice is refused", () => {
  expect(() => createKeyRing([ringKey(a), ringKey(newKey(a.keyId), "next")])).toThrow(/same id/);
});
