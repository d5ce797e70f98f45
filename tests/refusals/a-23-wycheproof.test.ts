import { describe, expect, test } from "vitest";
import { newFamilyId, newSandboxId } from "../../src/core/ids.ts";
import { authorityOf } from "../../src/tokens/claims.ts";
import { createVerify } from "../../src/tokens/verify.ts";
import { type SignatureVector, wycheproofVectors } from "../support/corpus-wycheproof.ts";
import { changeableRing, newKey, ringKey } from "../support/tokens.ts";

const authority = authorityOf("test");
const sandboxId = newSandboxId();
/** Good claims, so that a refusal is for the signature, or for what it is over. */
const payload = {
  ...{ iss: authority, aud: authority, sub: `spiffe://openshell/sandbox/${sandboxId}`, sandbox_id: sandboxId },
  ...{ iat: 1_767_225_600, exp: 1_767_229_200, jti: `${newFamilyId()}.0` },
};

/**
 * What the gateway's own verifier says of a vector: its key is in the ring, its message in the place of header and
 * payload. No message is a token, so that one whose signature is good is refused for its claims.
 */
function verdictOn({ publicKey, message, signature }: SignatureVector) {
  const ring = changeableRing({ ...ringKey(newKey("key-of-the-vector")), publicKey });
  const signed = message.toString("latin1");
  return createVerify(ring, authority)({ keyId: "key-of-the-vector", signed, signature, payload });
}

const vectors = await wycheproofVectors();

describe("A-23: Wycheproof's vectors for Ed25519", () => {
  if (typeof vectors === "string") {
    test.skip(`skipped, ${vectors}`, () => undefined);
    return;
  }
  test("are as many as are known, good ones and bad ones", () => {
    expect(vectors).toHaveLength(151);
    expect(vectors.filter(({ isValid }) => isValid)).toHaveLength(88);
  });

  test.each(vectors)("$name", (vector) => {
    expect(verdictOn(vector)).toEqual({ ok: false, reason: vector.isValid ? "token-claims" : "token-signature" });
  });
});
