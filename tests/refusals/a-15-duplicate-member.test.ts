import { expect, test } from "vitest";
import { refusedFor, startTokens } from "../support/tokens.ts";

const victim = "7d9f7b7e-1111-4222-8333-444455556666";
/** The JSON text with one more member in front, or behind. */
const before = (part: unknown, member: string) => JSON.stringify(part).replace("{", `{${member},`);
const behind = (part: unknown, member: string) => JSON.stringify(part).replace(/}$/, `,${member}}`);

test.each([
  `"sub":"spiffe://openshell/sandbox/${victim}"`,
  `"sandbox_id":"${victim}"`,
  `"exp":9999999999`,
  `"jti":"x"`,
])("A-15: a payload where %s stands besides the good one is refused, though the signature is good", async (member) => {
  await using gateway = await startTokens();
  for (const place of [before, behind]) {
    const token = await gateway.forged((good) => ({ payload: place(good.payload, member) }));
    expect(await gateway.present(token)).toEqual(refusedFor("token-malformed"));
  }
});

test("A-15: the same member twice with the same value is refused too", async () => {
  await using gateway = await startTokens();
  const token = await gateway.forged(({ payload }) => ({
    payload: behind(payload, `"sub":${JSON.stringify(payload["sub"])}`),
  }));
  expect(await gateway.present(token)).toEqual(refusedFor("token-malformed"));
});

test.each([`"alg":"none"`, `"alg":"EdDSA"`, `"typ":"JWT"`])(
  "A-15: a header where %s stands besides the good one is refused",
  async (member) => {
    await using gateway = await startTokens();
    for (const place of [before, behind]) {
      const token = await gateway.forged((good) => ({ header: place(good.header, member) }));
      expect(await gateway.present(token)).toEqual(refusedFor("token-malformed"));
    }
  },
);

test("A-15: a header with our key id and another is refused, whichever comes last", async () => {
  await using gateway = await startTokens();
  const oursLast = await gateway.forged(({ header }) => ({ header: before(header, `"kid":"other"`) }));
  expect(await gateway.present(oursLast)).toEqual(refusedFor("token-malformed"));
  const otherLast = await gateway.forged(({ header }) => ({ header: behind(header, `"kid":"other"`) }));
  expect(await gateway.present(otherLast)).toEqual(refusedFor("credential-unrecognised"));
});

test("A-15: a member that is spelled with an escape is a duplicate all the same", async () => {
  await using gateway = await startTokens();
  const token = await gateway.forged(({ payload }) => ({ payload: before(payload, `"s\\u0075b":"x"`) }));
  expect(await gateway.present(token)).toEqual(refusedFor("token-malformed"));
});
