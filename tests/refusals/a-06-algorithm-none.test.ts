import { expect, test } from "vitest";
import { base64Url, refusedFor, startTokens } from "../support/tokens.ts";

test.each(["none", "None", "nOnE", ""])("A-06: alg %j is refused, without and with a good signature", async (alg) => {
  await using gateway = await startTokens();
  const { header, payload } = await gateway.issued();
  const unsigned = `${base64Url(JSON.stringify({ ...header, alg }))}.${base64Url(JSON.stringify(payload))}.`;
  expect(await gateway.present(unsigned)).toEqual(refusedFor("token-malformed"));
  expect(await gateway.present(`${unsigned}${base64Url(new Uint8Array(64))}`)).toEqual(refusedFor("token-malformed"));
  const signed = await gateway.forged((good) => ({ header: { ...good.header, alg } }));
  expect(await gateway.present(signed)).toEqual(refusedFor("token-malformed"));
});

test("A-06: a good header without a signature is refused", async () => {
  await using gateway = await startTokens();
  const { text } = await gateway.issued();
  expect(await gateway.present(text.slice(0, text.lastIndexOf(".") + 1))).toEqual(refusedFor("token-malformed"));
});
