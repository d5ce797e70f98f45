import fc from "fast-check";
import { expect, test } from "vitest";
import { parseToken } from "../../../../src/auth/sandbox-jwt/parse.ts";
import { peekKeyId } from "../../../../src/auth/sandbox-jwt/peek.ts";
import { base64Url, newKey, spell, startTokens } from "../../../support/tokens.ts";

const key = newKey();
const header = JSON.stringify({ alg: "EdDSA", typ: "JWT", kid: key.keyId });
const malformed = { ok: false, reason: "token-malformed" };
const jsonObject = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 5 });
const isShort = (text: string) => text.length <= 4_096;

test("a token as the gateway mints it parses, into what it says", async () => {
  await using gateway = await startTokens();
  const { text, payload, header: head } = await gateway.issued();
  expect(parseToken(text)).toMatchObject({ ok: true, value: { keyId: head["kid"], payload } });
});

test("what parses is the one spelling of what it says", () => {
  fc.assert(
    fc.property(jsonObject, (payload) => {
      const token = spell(header, JSON.stringify(payload), key.privateKey);
      const parsed = parseToken(token);
      if (!isShort(token)) return;
      // Integer-like names are written in another order than they came in; all else is its own spelling.
      const isStable = JSON.stringify(JSON.parse(JSON.stringify(payload))) === JSON.stringify(payload);
      expect(parsed.ok).toBe(isStable);
      if (!parsed.ok) return;
      const { signed, signature, payload: read } = parsed.value;
      expect(`${signed}.${base64Url(signature)}`).toBe(token);
      expect(signed).toBe(`${base64Url(header)}.${base64Url(JSON.stringify(read))}`);
    }),
  );
});

test("no two texts parse to the same token: one character more, less or other never does", async () => {
  await using gateway = await startTokens();
  const { text } = await gateway.issued();
  const good = parseToken(text);
  const character = fc.constantFrom(..."ABab01-_+/=. \n\u0000é");
  fc.assert(
    fc.property(
      fc.nat(text.length - 1),
      character,
      fc.constantFrom("replace", "insert", "remove"),
      (at, other, how) => {
        const rest = text.slice(how === "insert" ? at : at + 1);
        const changed = text.slice(0, at) + (how === "remove" ? "" : other) + rest;
        if (changed === text) return;
        const parsed = parseToken(changed);
        if (parsed.ok) expect(parsed).not.toEqual(good);
      },
    ),
    { numRuns: 2_000 },
  );
});

test("any bytes as header or payload are refused or parsed, never thrown over", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), fc.uint8Array({ maxLength: 64 }), (head, payload) => {
      expect(parseToken(spell(head, payload, key.privateKey))).toEqual(malformed);
      expect(parseToken(spell(header, payload, key.privateKey)).ok).toBe(Buffer.from(payload).toString() === "{}");
    }),
  );
});

test("any text is refused, and peeked at, without a throw", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => {
      expect(parseToken(text)).toEqual(malformed);
      expect(peekKeyId(text)).toBeUndefined();
      expect(peekKeyId(`${base64Url(text)}.x`)).toBeUndefined();
    }),
  );
});

test.each(["[]", `[{"kid":"x"}]`, `"kid"`, "1", "null", `{"kid":1}`, `{"kid":null}`, "{}", `{"Kid":"x"}`])(
  "no key id is seen in %s",
  (text) => {
    expect(peekKeyId(`${base64Url(text)}.e30.AA`)).toBeUndefined();
  },
);

test("a member of the header called __proto__ is refused, and changes no prototype", () => {
  const hostile = `{"alg":"EdDSA","typ":"JWT","kid":"${key.keyId}","__proto__":{"polluted":1}}`;
  expect(parseToken(spell(hostile, "{}", key.privateKey))).toEqual(malformed);
  expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
});
