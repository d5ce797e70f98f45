import { expect, test } from "vitest";
import { base64Url, refusedFor, startTokens } from "../support/tokens.ts";

const asText = (part: unknown) => JSON.stringify(part);

test.each([
  ["white space in a payload", (payload: unknown) => asText(payload).replace(",", ", ")],
  ["a line break behind", (payload: unknown) => `${asText(payload)}\n`],
  ["a byte order mark", (payload: unknown) => `\ufeff${asText(payload)}`],
  ["an escaped slash", (payload: unknown) => asText(payload).replace("//", "\\/\\/")],
  ["an escaped letter", (payload: unknown) => asText(payload).replace("openshell", "\\u006fpenshell")],
  ["a second document behind", (payload: unknown) => `${asText(payload)}{}`],
  [
    "bad UTF-8",
    (payload: unknown) => Buffer.concat([Buffer.from(asText(payload).slice(0, -1)), Buffer.from([0xff, 0x7d])]),
  ],
  ["UTF-16", (payload: unknown) => Buffer.from(asText(payload), "utf16le")],
  ["a list around it", (payload: unknown) => asText([payload])],
  ["a string around it", (payload: unknown) => asText(asText(payload))],
  ["no JSON", () => "sub=me"],
  ["null", () => "null"],
  ["a number", () => "1"],
])("a payload with %s is refused, though our key signed it", async (_what, change) => {
  await using gateway = await startTokens();
  const token = await gateway.forged(({ payload }) => ({ payload: change(payload) }));
  expect(await gateway.present(token)).toEqual(refusedFor("token-malformed"));
});

test.each([
  ["padding", (part: string) => `${part}${"=".repeat(4 - (part.length % 4))}`],
  ["standard base64", (part: string) => `${part.slice(0, -1)}+`],
  ["white space", (part: string) => `${part} `],
  ["a line break", (part: string) => `${part.slice(0, 8)}\n${part.slice(8)}`],
  ["a NUL", (part: string) => `${part}\u0000`],
])("a part with %s is refused", async (_what, change) => {
  await using gateway = await startTokens();
  const { text } = await gateway.issued();
  for (const at of [0, 1, 2]) {
    const parts = text.split(".");
    parts[at] = change(parts[at]!);
    expect(await gateway.present(parts.join(".")), `part ${at}`).toMatchObject({ ok: false });
  }
});

test.each(["", ".", "..", "...", "a", "a.b.c", "null", `${base64Url("{}")}.x.y`, `${base64Url("null")}.x.y`])(
  "%j is nobody's credential",
  async (text) => {
    await using gateway = await startTokens();
    expect(await gateway.present(text)).toEqual(refusedFor("credential-unrecognised"));
  },
);
