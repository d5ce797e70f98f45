import { describe, expect, test } from "vitest";
import { MemoryFamilyStore } from "../../support/memory-family-store.ts";
import { admitted, callMethod, refreshMethod, refusedFor, startReplicas, startTokens } from "../../support/tokens.ts";

const boundMs = 5_000;

/** A feed whose staleness the test says. */
function feed(staleness = 0) {
  const state = { staleness };
  return { state, options: { staleness: () => state.staleness } };
}

describe("a replica that may have missed revocations for longer than its bound", () => {
  test.each([
    ["a call", callMethod],
    ["a refresh", refreshMethod],
  ])("answers %s with unavailable, and serves it again as soon as it knows", async (_name, method) => {
    const { state, options } = feed();
    await using gateway = await startTokens(options);
    const { token } = await gateway.issued();
    await gateway.present(token);
    state.staleness = boundMs;
    expect(gateway.tokens.blind()).toBe(false);
    expect(await gateway.present(token, method)).toMatchObject({ ok: true });
    state.staleness = boundMs + 1;
    expect(gateway.tokens.blind()).toBe(true);
    expect(await gateway.present(token, method)).toEqual(refusedFor("revocations-unknown"));
    state.staleness = 0;
    expect(gateway.tokens.blind()).toBe(false);
    expect(await gateway.present(token, method)).toMatchObject({ ok: true });
  });

  test("is blind from the start where nobody ever told it anything", async () => {
    const { options } = feed(Number.POSITIVE_INFINITY);
    await using gateway = await startTokens(options);
    const { token } = await gateway.issued();
    expect(await gateway.present(token)).toEqual(refusedFor("revocations-unknown"));
  });

  test("asks the store nothing, and raises no alarm for a token that may be superseded", async () => {
    const { state, options } = feed();
    await using gateway = await startTokens(options);
    const { token: first } = await gateway.issued();
    const { token: second } = await gateway.refresh(first);
    const { token: third } = await gateway.refresh(second);
    const before = { ...gateway.store.calls };
    state.staleness = boundMs + 1;
    for (const token of [first, second, third]) {
      for (const method of [callMethod, refreshMethod]) {
        expect(await gateway.present(token, method)).toEqual(refusedFor("revocations-unknown"));
      }
    }
    expect(gateway.store.calls).toEqual(before);
    expect(gateway.tokens.stats().reuses).toBe(0);
  });

  test("does not serve a first call that waited for the store while the family was revoked elsewhere", async () => {
    const { state, options } = feed();
    const store = new MemoryFamilyStore();
    await using gateway = await startTokens({ ...options, store });
    const { token } = await gateway.issued();
    const [marking, marked] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const { markPresented } = store;
    store.markPresented = async (...row) => {
      marking.resolve();
      await marked.promise;
      return markPresented.apply(store, row);
    };
    const call = gateway.present(token);
    await marking.promise;
    state.staleness = boundMs + 1;
    marked.resolve();
    expect(await call).toEqual(refusedFor("revocations-unknown"));
  });

  test("still tells a token that ran out, or that nobody signed, that it is no good", async () => {
    const { state, options } = feed();
    await using gateway = await startTokens(options);
    const { token, text } = await gateway.issued();
    state.staleness = boundMs + 1;
    expect(await gateway.present(`${text.slice(0, -8)}AAAAAAAA`)).toMatchObject({ ok: false, reason: /^token-/ });
    gateway.clock.jump(3_605_000);
    expect(await gateway.present(token)).toEqual(refusedFor("token-expired"));
  });

  test("ends all streams within a second, and gives no new one", async () => {
    const { state, options } = feed();
    await using gateway = await startTokens(options);
    const idle = gateway.clock.waiting;
    const principals = await Promise.all(
      [await gateway.issued(), await gateway.issued()].map(({ token }) => admitted(gateway, token)),
    );
    const leases = principals.map((principal) => gateway.tokens.lease(principal)!);
    await gateway.clock.advance(10_000);
    state.staleness = boundMs;
    await gateway.clock.advance(1_000);
    expect(leases.map(({ signal }) => signal.aborted)).toEqual([false, false]);
    state.staleness = boundMs + 1;
    await gateway.clock.advance(1_000);
    for (const { signal } of leases) {
      expect(signal.reason).toMatchObject({ name: "Refusal", reason: "revocations-unknown", code: "unavailable" });
    }
    using late = gateway.tokens.lease(principals[0]!)!;
    expect(late.signal.reason).toMatchObject({ reason: "revocations-unknown" });
    expect(gateway.tokens.stats().leases).toBe(0);
    expect(gateway.clock.waiting, "nothing is left to be watched").toBe(idle);
    state.staleness = 0;
    using again = gateway.tokens.lease(principals[0]!)!;
    await gateway.clock.advance(5_000);
    expect(again.signal.aborted).toBe(false);
  });

  test("still says of a stream whose family it knows to be revoked that it was", async () => {
    const { state, options } = feed();
    await using gateway = await startTokens(options);
    const { token, sandboxId } = await gateway.issued();
    const principal = await admitted(gateway, token);
    state.staleness = boundMs + 1;
    await gateway.tokens.revokeSandbox(sandboxId, "operator");
    using lease = gateway.tokens.lease(principal)!;
    expect(lease.signal.reason).toMatchObject({ reason: "token-revoked" });
  });

  test("serves on from what it learned when it sees again: what was revoked meanwhile is refused", async () => {
    const { state, options } = feed();
    await using replicas = await startReplicas({ b: options });
    const { a, b } = replicas;
    const [gone, stays] = [await a.issued(), await a.issued()];
    for (const { token } of [gone, stays]) await b.present(token);
    state.staleness = 60_000;
    await a.tokens.revokeSandbox(gone.sandboxId, "sandbox-deleted");
    for (const { token } of [gone, stays]) expect(await b.present(token)).toEqual(refusedFor("revocations-unknown"));
    await b.tokens.follower.reload();
    state.staleness = 0;
    expect(await b.present(gone.token)).toEqual(refusedFor("token-revoked"));
    expect(await b.present(stays.token)).toMatchObject({ ok: true });
  });
});

test("nothing watches where there is no stream", async () => {
  const { options } = feed();
  await using watched = await startTokens(options);
  await using plain = await startTokens();
  await watched.issued();
  expect(watched.clock.waiting).toBe(plain.clock.waiting);
});

test("an answer stays synchronous, whatever is asked of the feed", async () => {
  const { state, options } = feed();
  await using gateway = await startTokens(options);
  const { token } = await gateway.issued();
  const principal = await admitted(gateway, token);
  expect(gateway.tokens.admit(principal, "call")).toMatchObject({ ok: true });
  state.staleness = boundMs + 1;
  expect(gateway.tokens.admit(principal, "call")).toEqual(refusedFor("revocations-unknown"));
});

test.each([999, 60_001, 1_500.5, Number.NaN, Number.POSITIVE_INFINITY])("a bound of %s ms is refused", async (ms) => {
  await expect(startTokens({ store: new MemoryFamilyStore(), longestBlindMs: ms })).rejects.toThrow("longestBlindMs");
});

test.each([1_000, 60_000])("a bound of %i ms is what counts where it is given", async (longestBlindMs) => {
  const { state, options } = feed();
  await using gateway = await startTokens({ ...options, longestBlindMs });
  state.staleness = longestBlindMs;
  expect(gateway.tokens.blind()).toBe(false);
  state.staleness += 1;
  expect(gateway.tokens.blind()).toBe(true);
});
