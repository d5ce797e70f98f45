import { expect, test } from "vitest";
import { partsOf, refusedFor, startTokens } from "../support/tokens.ts";

const hourMs = 3_600_000;

test.each([hourMs, -hourMs])(
  "A-46: after the wall clock jumped by %i ms, a token is minted for its full life from now",
  async (jump) => {
    await using gateway = await startTokens();
    gateway.clock.jump(jump);
    const { payload, token } = await gateway.issued();
    expect(Number(payload["exp"]) * 1000).toBe(gateway.clock.now() + hourMs);
    expect(await gateway.present(token)).toMatchObject({ ok: true });
  },
);

test("A-46: a clock that was set back makes no successor that has already ended", async () => {
  await using gateway = await startTokens();
  const { token } = await gateway.issued();
  gateway.clock.jump(-4_000);
  const { token: successor } = await gateway.refresh(token);
  expect(Number(partsOf(successor).payload["exp"]) * 1000).toBeGreaterThan(gateway.clock.now());
  expect(await gateway.present(successor)).toMatchObject({ ok: true });
});

test("A-46: a clock that was set back and forth leaves a token that it was good for", async () => {
  await using gateway = await startTokens();
  const { token } = await gateway.issued();
  gateway.clock.jump(-hourMs);
  expect(await gateway.present(token)).toEqual(refusedFor("token-not-yet-valid"));
  gateway.clock.jump(hourMs);
  expect(await gateway.present(token)).toMatchObject({ ok: true });
});

test("A-46: a revoked family stays revoked when the clock is set back and families were forgotten meanwhile", async () => {
  await using gateway = await startTokens();
  const { token, sandboxId } = await gateway.issued();
  await gateway.tokens.revokeSandbox(sandboxId, "operator");
  await gateway.clock.advance(hourMs * 2);
  for (let minute = 0; minute < 3; minute += 1) await gateway.clock.advance(60_000);
  expect(gateway.store.calls.prune).toBeGreaterThan(0);
  expect(gateway.tokens.stats().families).toBe(0);
  gateway.clock.jump(-hourMs * 2);
  expect(await gateway.present(token)).toEqual(refusedFor("token-unknown"));
});
