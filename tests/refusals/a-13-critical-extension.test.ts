import { expect, test } from "vitest";
import { refusedFor, startTokens } from "../support/tokens.ts";

test.each([{ crit: ["x"] }, { crit: [] }, { crit: ["exp"] }, { crit: ["b64"], b64: false }, { crit: null }])(
  "A-13: a header with %j is refused",
  async (extension) => {
    await using gateway = await startTokens();
    const token = await gateway.forged((good) => ({ header: { ...good.header, ...extension } }));
    expect(await gateway.present(token)).toEqual(refusedFor("token-malformed"));
  },
);
