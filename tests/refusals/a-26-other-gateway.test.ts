import { expect, test } from "vitest";
import { newKey, refusedFor, startTokens } from "../support/tokens.ts";

test("A-26: a token of another gateway that shares our key is refused", async () => {
  const key = newKey();
  await using here = await startTokens({ key, gatewayId: "here" });
  await using there = await startTokens({ key, gatewayId: "there" });
  const { token } = await there.issued();
  expect(await there.present(token)).toMatchObject({ ok: true });
  expect(await here.present(token)).toEqual(refusedFor("token-claims"));
});

test("A-26: a token of another gateway that has our id, and another key, is nobody's", async () => {
  await using here = await startTokens();
  await using there = await startTokens();
  const { token } = await there.issued();
  expect(await here.present(token)).toEqual(refusedFor("credential-unrecognised"));
});

test("A-26: a token of another gateway that has our id and our key, but not our store, is refused", async () => {
  const key = newKey();
  await using here = await startTokens({ key });
  await using there = await startTokens({ key });
  const { token } = await there.issued();
  expect(await there.present(token)).toMatchObject({ ok: true });
  expect(await here.present(token)).toEqual(refusedFor("token-unknown"));
});
