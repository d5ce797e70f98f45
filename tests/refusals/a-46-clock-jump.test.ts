import { expect, test } from "vitest";
import { FakeClock } from "../support/fake-clock.ts";
import { MemoryFamilyStore } from "../support/memory-family-store.ts";
import { newKey, partsOf, refusedFor, startTokens } from "../support/tokens.ts";

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

/** Two replicas whose wall clocks differ: `b` is ahead of `a` by this much. */
async function skewedReplicas(skewMs: number) {
  const shared = { store: new MemoryFamilyStore(), key: newKey() };
  const a = await startTokens({ ...shared, clock: new FakeClock() });
  const b = await startTokens({ ...shared, clock: new FakeClock(a.clock.now() + skewMs) });
  return {
    ...{ a, b },
    async [Symbol.asyncDispose]() {
      for (const replica of [a, b]) await replica[Symbol.asyncDispose]();
    },
  };
}

test.each([4_000, -4_000])(
  "A-46: over two replicas whose clocks differ by %i ms, a token is good on both and refreshes on both",
  async (skewMs) => {
    await using replicas = await skewedReplicas(skewMs);
    const { a, b } = replicas;
    let { token } = await a.issued();
    for (const replica of [b, a, b]) {
      await replica.tokens.follower.reload();
      expect(await replica.present(token)).toMatchObject({ ok: true });
      token = (await replica.refresh(token)).token;
    }
  },
);

test("A-46: over two replicas whose clocks differ by an hour, a token of the one ahead is not yet good at the other, and no alarm is raised", async () => {
  await using replicas = await skewedReplicas(hourMs);
  const { a, b } = replicas;
  const { token } = await b.issued();
  await a.tokens.follower.reload();
  expect(await a.present(token)).toEqual(refusedFor("token-not-yet-valid"));
  expect(await b.present(token)).toMatchObject({ ok: true });
  for (const { tokens } of [a, b]) expect(tokens.stats().reuses).toBe(0);
});

test("A-46: over two replicas, what one far ahead has forgotten is refused by the other, and the sandbox gets a new family", async () => {
  await using replicas = await skewedReplicas(3 * hourMs);
  const { a, b } = replicas;
  const { token, sandboxId } = await a.issued();
  await a.present(token);
  await b.clock.advance(60_000);
  await a.tokens.follower.reload();
  expect(await a.present(token)).toEqual(refusedFor("token-unknown"));
  const { token: renewed } = await a.tokens.issue(sandboxId, "renewed");
  expect(await a.present(renewed)).toMatchObject({ ok: true });
});
