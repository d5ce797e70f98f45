import { expect, test } from "vitest";
import { MemoryFamilyStore } from "../../support/memory-family-store.ts";
import { newKey, refusedFor, startTokens } from "../../support/tokens.ts";

const calls = (store: MemoryFamilyStore) => Object.values(store.calls).reduce((sum, count) => sum + count, 0);

test("after its first presentation a token costs the store nothing, good or superseded", async () => {
  await using gateway = await startTokens();
  const { token } = await gateway.issued();
  await gateway.present(token);
  const { token: second } = await gateway.refresh(token);
  await gateway.present(second);
  const before = calls(gateway.store);
  for (let at = 0; at < 100; at += 1) {
    expect(await gateway.present(second)).toMatchObject({ ok: true });
    expect(await gateway.present(token)).toEqual(refusedFor("token-superseded"));
  }
  expect(calls(gateway.store)).toBe(before);
});

test("a hundred first presentations at once are recorded once, and all are served", async () => {
  await using gateway = await startTokens();
  const { token } = await gateway.issued();
  const verdicts = await Promise.all(Array.from({ length: 100 }, () => gateway.present(token)));
  expect(verdicts.every(({ ok }) => ok)).toBe(true);
  expect(gateway.store.calls.markPresented).toBe(1);
});

test("a refresh is not recorded as a presentation of its own: the rotation says it", async () => {
  await using gateway = await startTokens();
  const { token } = await gateway.issued();
  await gateway.refresh(token);
  expect(gateway.store.calls.markPresented).toBe(0);
});

test("a token that loses its place while its first presentation is recorded is not served", async () => {
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  class Slow extends MemoryFamilyStore {
    override async markPresented(...given: Parameters<MemoryFamilyStore["markPresented"]>) {
      await released;
      return super.markPresented(...given);
    }
  }
  await using gateway = await startTokens({ store: new Slow() });
  const { token } = await gateway.issued();
  const presenting = gateway.present(token);
  await gateway.refresh(token);
  release();
  expect(await presenting).toEqual(refusedFor("token-superseded"));
});

test("a token that another replica issued or rotated is learned from the store", async () => {
  const [store, key] = [new MemoryFamilyStore(), newKey()];
  await using here = await startTokens({ store, key });
  await using there = await startTokens({ store, key, clock: here.clock });
  const { token, sandboxId } = await there.issued();
  expect(await here.present(token)).toMatchObject({ ok: true, value: { sandboxId } });
  const { token: successor } = await there.refresh(token);
  expect(await here.present(successor)).toMatchObject({ ok: true });
  expect(await here.present(token)).toEqual(refusedFor("token-superseded"));
});

test("a flood of a token that nobody knows asks the store once in a while, not each time", async () => {
  const key = newKey();
  await using stranger = await startTokens({ key });
  await using gateway = await startTokens({ key, clock: stranger.clock });
  const { token } = await stranger.issued();
  await Promise.all(Array.from({ length: 200 }, () => gateway.present(token)));
  for (let at = 0; at < 200; at += 1) expect(await gateway.present(token)).toEqual(refusedFor("token-unknown"));
  expect(gateway.store.calls.find).toBe(1);
  await gateway.clock.advance(2_000);
  await gateway.present(token);
  expect(gateway.store.calls.find).toBe(2);
});

test("what runs out is forgotten, here and in the store, and what lives is kept", async () => {
  await using gateway = await startTokens({ ttlSeconds: 60 });
  await gateway.issued();
  for (let minute = 0; minute < 60; minute += 1) await gateway.clock.advance(60_000);
  const { token } = await gateway.issued();
  for (let minute = 0; minute < 4; minute += 1) await gateway.clock.advance(60_000);
  expect(gateway.tokens.stats().families).toBe(1);
  expect(gateway.store.backup().size).toBe(1);
  expect(await gateway.present(token)).toEqual(refusedFor("token-expired"));
});

test("a store that cannot forget is asked again in a minute", async () => {
  await using gateway = await startTokens();
  gateway.store.down.add("prune");
  for (let minute = 0; minute < 4; minute += 1) await gateway.clock.advance(60_000);
  expect(gateway.store.calls.prune).toBeGreaterThan(2);
});
