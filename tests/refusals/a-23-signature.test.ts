import { expect, test } from "vitest";
import { base64Url, newKey, refusedFor, spell, startTokens } from "../support/tokens.ts";

/** The order of the group that Ed25519 is built on (RFC 8032, section 5.1). */
const order = 2n ** 252n + 27742317777372353535851937790883648493n;

const littleEndian = (bytes: Uint8Array) => BigInt(`0x${Buffer.from(bytes).reverse().toString("hex")}`);
const toBytes = (value: bigint) => Buffer.from(value.toString(16).padStart(64, "0"), "hex").reverse();
/** Encodings of points whose order divides eight, canonical and not. */
const smallOrder = [
  "0100000000000000000000000000000000000000000000000000000000000000",
  "0000000000000000000000000000000000000000000000000000000000000000",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "0100000000000000000000000000000000000000000000000000000000000080",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
].map((hex) => Buffer.from(hex, "hex"));

type Change = (signature: Buffer) => Uint8Array;
const r = (signature: Buffer) => signature.subarray(0, 32);
const s = (signature: Buffer) => signature.subarray(32);

const changes: [string, string, Change][] = [
  [
    "the group's order added to S",
    "token-signature",
    (sig) => Buffer.concat([r(sig), toBytes(littleEndian(s(sig)) + order)]),
  ],
  ["S negated", "token-signature", (sig) => Buffer.concat([r(sig), toBytes(order - littleEndian(s(sig)))])],
  ["S zero", "token-signature", (sig) => Buffer.concat([r(sig), Buffer.alloc(32)])],
  ["S the group's order", "token-signature", (sig) => Buffer.concat([r(sig), toBytes(order)])],
  ["S all ones", "token-signature", (sig) => Buffer.concat([r(sig), Buffer.alloc(32, 0xff)])],
  ["R zero and S zero", "token-signature", () => Buffer.alloc(64)],
  ["halves exchanged", "token-signature", (sig) => Buffer.concat([s(sig), r(sig)])],
  ["one bit of R", "token-signature", (sig) => sig.map((byte, at) => (at === 0 ? byte ^ 1 : byte))],
  ["one bit of S", "token-signature", (sig) => sig.map((byte, at) => (at === 32 ? byte ^ 1 : byte))],
  ["the sign bit of R", "token-signature", (sig) => sig.map((byte, at) => (at === 31 ? byte ^ 0x80 : byte))],
  ["its last byte cut off", "token-malformed", (sig) => sig.subarray(0, 63)],
  ["only R", "token-malformed", (sig) => r(sig)],
  ["nothing", "token-malformed", () => Buffer.alloc(0)],
  ["a byte more", "token-malformed", (sig) => Buffer.concat([sig, Buffer.alloc(1)])],
  ["itself twice", "token-malformed", (sig) => Buffer.concat([sig, sig])],
];

test.each(changes)("A-23: a signature with %s is refused", async (_what, reason, change) => {
  await using gateway = await startTokens();
  const { text } = await gateway.issued();
  const end = text.lastIndexOf(".") + 1;
  const signature = Buffer.from(text.slice(end), "base64url");
  expect(await gateway.present(text)).toMatchObject({ ok: true });
  const changed = base64Url(change(signature));
  expect(await gateway.present(text.slice(0, end) + changed)).toEqual(refusedFor(reason));
});

test("A-23: a point of small order as R, with S zero, is refused", async () => {
  await using gateway = await startTokens();
  const { text } = await gateway.issued();
  const end = text.lastIndexOf(".") + 1;
  for (const point of smallOrder) {
    const signature = base64Url(Buffer.concat([point, Buffer.alloc(32)]));
    expect(await gateway.present(text.slice(0, end) + signature)).toEqual(refusedFor("token-signature"));
  }
});

test("A-23: every character of a signature counts, the unused bits of its last one too", async () => {
  await using gateway = await startTokens();
  const { text } = await gateway.issued();
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const last = text.at(-1)!;
  for (const other of alphabet.replace(last, "")) {
    expect(await gateway.present(text.slice(0, -1) + other)).toMatchObject({ ok: false });
  }
});

test("A-23: another key's signature under our key id is refused", async () => {
  await using gateway = await startTokens();
  const { header, payload } = await gateway.issued();
  const token = spell(JSON.stringify(header), JSON.stringify(payload), newKey().privateKey);
  expect(await gateway.present(token)).toEqual(refusedFor("token-signature"));
});

test("A-23: a signature of one token does not serve another", async () => {
  await using gateway = await startTokens();
  const [a, b] = [await gateway.issued(), await gateway.issued()];
  const mixed = `${a.text.slice(0, a.text.lastIndexOf("."))}${b.text.slice(b.text.lastIndexOf("."))}`;
  expect(await gateway.present(mixed)).toEqual(refusedFor("token-signature"));
});
