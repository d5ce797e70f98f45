import { expect, test } from "vitest";
import { newKey, refusedFor, startTokens } from "../support/tokens.ts";

const hostile = [
  "../../dev/null",
  "' OR 1=1--",
  "\u0000",
  "__proto__",
  "constructor",
  "toString",
  "",
  " ",
  "a".repeat(65),
  "a".repeat(2_000),
];

test.each(hostile)("A-10: key id %j is not ours, though our key signed it", async (kid) => {
  await using gateway = await startTokens();
  const token = await gateway.forged((good) => ({ header: { ...good.header, kid } }));
  expect(await gateway.present(token)).toEqual(refusedFor("credential-unrecognised"));
});

test.each(["KEY-1", "key-1 ", " key-1", "key-1\u0000", "key-", "key-11", "key%2d1", "ke\u200by-1"])(
  "A-10: key id %j is not ours, where ours is key-1",
  async (kid) => {
    await using gateway = await startTokens({ key: newKey("key-1") });
    const { token } = await gateway.issued();
    expect(await gateway.present(token)).toMatchObject({ ok: true });
    const other = await gateway.forged((good) => ({ header: { ...good.header, kid } }));
    expect(await gateway.present(other)).toEqual(refusedFor("credential-unrecognised"));
  },
);

test.each([1, null, {}, [], true])("A-10: key id %j is not ours", async (kid) => {
  await using gateway = await startTokens();
  const token = await gateway.forged((good) => ({ header: { ...good.header, kid } }));
  expect(await gateway.present(token)).toEqual(refusedFor("credential-unrecognised"));
});

test("A-10: a list that holds our key id is not our key id", async () => {
  await using gateway = await startTokens();
  const token = await gateway.forged(({ header }) => ({ header: { ...header, kid: [header["kid"]] } }));
  expect(await gateway.present(token)).toEqual(refusedFor("credential-unrecognised"));
});

test("A-10: a key id of ten kilobytes is refused for its length", async () => {
  await using gateway = await startTokens();
  const token = await gateway.forged(({ header }) => ({ header: { ...header, kid: "a".repeat(10_000) } }));
  expect(await gateway.present(token)).toEqual(refusedFor("credential-unrecognised"));
});
