import { describe, expect, test } from "vitest";
import { refusedFor, startTokens } from "../support/tokens.ts";

const lifeMs = 3_600_000;

describe.each([0, 5, 30])("with a leeway of %i s", (leewaySeconds) => {
  const leewayMs = leewaySeconds * 1000;

  test.each([
    ["a second before it ends", lifeMs - 1000, true],
    ["a millisecond before the leeway ends", lifeMs + leewayMs - 1, true],
    ["as the leeway ends", lifeMs + leewayMs, false],
    ["a second after the leeway", lifeMs + leewayMs + 1000, false],
    ["a year later", lifeMs + 365 * 86_400_000, false],
  ])("A-19: a token presented %s", async (_when, ms, isGood) => {
    await using gateway = await startTokens({ leewaySeconds });
    const { token } = await gateway.issued();
    gateway.clock.jump(ms);
    expect(await gateway.present(token)).toMatchObject(isGood ? { ok: true } : refusedFor("token-expired"));
  });

  test.each([
    ["as it is issued", 0, true],
    ["the leeway before it was issued", -leewayMs, true],
    ["a millisecond more than the leeway before it was issued", -leewayMs - 1, false],
    ["an hour before it was issued", -3_600_000, false],
  ])("A-19: a token presented %s", async (_when, ms, isGood) => {
    await using gateway = await startTokens({ leewaySeconds });
    const { token } = await gateway.issued();
    gateway.clock.jump(ms);
    expect(await gateway.present(token)).toMatchObject(isGood ? { ok: true } : refusedFor("token-not-yet-valid"));
  });
});

test("A-19: a token that was verified before it expired is refused after, though its signature is remembered", async () => {
  await using gateway = await startTokens();
  const { token } = await gateway.issued();
  expect(await gateway.present(token)).toMatchObject({ ok: true });
  gateway.clock.jump(lifeMs + 5_000);
  expect(await gateway.present(token)).toEqual(refusedFor("token-expired"));
});

test("A-19: nbf is no claim of ours, past or future", async () => {
  await using gateway = await startTokens();
  for (const shift of [-60, 0, 60]) {
    const token = await gateway.forged(({ payload }) => ({
      payload: { ...payload, nbf: Number(payload["iat"]) + shift },
    }));
    expect(await gateway.present(token)).toEqual(refusedFor("token-claims"));
  }
});

test("A-19: an expired token refreshes nothing", async () => {
  await using gateway = await startTokens();
  const { token } = await gateway.issued();
  gateway.clock.jump(lifeMs + 5_000);
  await expect(gateway.refresh(token)).rejects.toMatchObject({ reason: "token-expired" });
  expect(gateway.store.calls.rotate).toBe(0);
});
