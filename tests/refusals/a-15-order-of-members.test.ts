import { expect, test } from "vitest";
import { refusedFor, startTokens } from "../support/tokens.ts";

/** The same members with the same values, the first of them last. */
const turned = (part: object) =>
  Object.fromEntries([...Object.entries(part).slice(1), ...Object.entries(part).slice(0, 1)]);

test.each(["header", "payload"] as const)(
  "A-15: a %s whose members stand in another order than in what is minted is refused, though the signature is good",
  async (part) => {
    await using gateway = await startTokens();
    const token = await gateway.forged((good) => ({ [part]: turned(good[part]) }));
    expect(await gateway.present(token)).toEqual(refusedFor("token-claims"));
  },
);

test("A-15: what is signed again as it was is the token itself", async () => {
  await using gateway = await startTokens();
  expect(await gateway.present(await gateway.forged((good) => good))).toMatchObject({ ok: true });
});
