import { generateKeyPairSync } from "node:crypto";
import { base64Url, spell } from "../../support/tokens.ts";
import { type Attack, refusesCredentials } from "./refused-credentials.ts";

/** The order of the group (RFC 8032, section 5.1), which S must be below. */
const order = 2n ** 252n + 27742317777372353535851937790883648493n;

const resigned = (name: string, change: (signature: Buffer) => Uint8Array): Attack => ({
  name: `A-23: ${name}`,
  present({ token }) {
    const at = token.lastIndexOf(".") + 1;
    return `${token.slice(0, at)}${base64Url(change(Buffer.from(token.slice(at), "base64url")))}`;
  },
});

function plusOrder(signature: Buffer): Buffer {
  const scalar = BigInt(`0x${Buffer.from(signature.subarray(32)).reverse().toString("hex")}`) + order;
  const bytes = Buffer.from(scalar.toString(16).padStart(64, "0"), "hex").reverse();
  return Buffer.concat([signature.subarray(0, 32), bytes]);
}

/** Points of small order: with a lax verifier a signature of one and S = 0 is good for many messages. */
const smallOrder = [
  "0100000000000000000000000000000000000000000000000000000000000000",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "0000000000000000000000000000000000000000000000000000000000000000",
];

refusesCredentials([
  resigned("a signature whose S is as good, plus the group's order", plusOrder),
  resigned("a signature without its last byte", (signature) => signature.subarray(0, -1)),
  resigned("a signature with a byte more", (signature) => Buffer.concat([signature, Buffer.of(0)])),
  resigned("a signature of zeros", () => new Uint8Array(64)),
  resigned("a signature with one bit changed", (signature) =>
    signature.map((byte, index) => (index === 40 ? byte ^ 1 : byte)),
  ),
  ...smallOrder.map((point) =>
    resigned(`R of small order ${point.slice(0, 4)}… and S of zero`, () =>
      Buffer.concat([Buffer.from(point, "hex"), Buffer.alloc(32)]),
    ),
  ),
  {
    name: "A-23: a payload that was changed under a signature that stays",
    present: ({ token }) => token.replace(/\.(.)/, (_, letter: string) => `.${letter === "e" ? "f" : "e"}`),
  },
  {
    name: "A-23: our key id, signed by a key of the attacker's",
    present: ({ header, payload }) =>
      spell(JSON.stringify(header), JSON.stringify(payload), generateKeyPairSync("ed25519").privateKey),
    reason: "token-signature",
  },
]);
