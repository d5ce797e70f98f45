import { deflateRawSync } from "node:zlib";
import { expect, test } from "vitest";
import { base64Url, refusedFor, startTokens } from "../support/tokens.ts";

test("A-16: a compressed payload is refused, announced or not", async () => {
  await using gateway = await startTokens();
  for (const header of [{ zip: "DEF" }, {}]) {
    const token = await gateway.forged((good) => ({
      header: { ...good.header, ...header },
      payload: deflateRawSync(JSON.stringify(good.payload)),
    }));
    expect(await gateway.present(token)).toEqual(refusedFor("token-malformed"));
  }
  const announced = await gateway.forged((good) => ({ header: { ...good.header, zip: "DEF" } }));
  expect(await gateway.present(announced)).toEqual(refusedFor("token-malformed"));
});

test.each([
  ["two parts", (token: string) => token.slice(0, token.lastIndexOf("."))],
  ["four parts", (token: string) => `${token}.x`],
  ["five parts, as an encrypted token has", (token: string) => `${token}.AAAA.AAAA`],
  ["an empty fourth part", (token: string) => `${token}.`],
  ["an empty payload", (token: string) => token.replace(/\.[^.]+\./, "..")],
])("A-16: a token of %s is refused", async (_shape, change) => {
  await using gateway = await startTokens();
  const { text } = await gateway.issued();
  expect(await gateway.present(change(text))).toEqual(refusedFor("token-malformed"));
});

test("A-16: the JSON serializations are no bearer credential", async () => {
  await using gateway = await startTokens();
  const { text } = await gateway.issued();
  const [head, payload, signature] = text.split(".");
  const flat = { protected: head, payload, signature };
  const general = { payload, signatures: [{ protected: head, signature }] };
  for (const form of [flat, general]) {
    expect(await gateway.present(JSON.stringify(form))).toEqual(refusedFor("credential-unrecognised"));
    expect(await gateway.present(base64Url(JSON.stringify(form)))).toEqual(refusedFor("credential-unrecognised"));
  }
});
