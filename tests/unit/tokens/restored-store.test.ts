import { describe, expect, test } from "vitest";
import type { Family } from "../../../src/tokens/index.ts";
import { MemoryFamilyStore } from "../../support/memory-family-store.ts";
import { admitted, type Gateway, refusedFor, startReplicas, startTokens } from "../../support/tokens.ts";

/** A token that calls and refreshes, as one of a sandbox that nothing happened to. */
async function lives(gateway: Gateway, token: Parameters<Gateway["refresh"]>[0]) {
  expect(await gateway.present(token)).toMatchObject({ ok: true });
  const { token: successor } = await gateway.refresh(token);
  expect(await gateway.present(successor)).toMatchObject({ ok: true });
  return successor;
}

describe("an older database that was restored under running gateways", () => {
  test("makes its own token current again, which refreshes; what it does not know is refused", async () => {
    await using replicas = await startReplicas();
    const { a, b, store } = replicas;
    const { token: first, sandboxId } = await a.issued();
    const backup = store.backup();
    const { token: second } = await a.refresh(first);
    const { token: third } = await a.refresh(second);
    await b.present(third);
    store.restore(backup);
    for (const replica of [a, b]) await replica.tokens.follower.reload();
    for (const replica of [a, b]) {
      expect(await replica.present(second)).toEqual(refusedFor("token-unknown"));
      expect(await replica.present(third)).toEqual(refusedFor("token-unknown"));
      expect((await replica.tokens.currentToken(sandboxId))?.reveal()).toBe(first.reveal());
    }
    await lives(a, first);
    expect(a.audited.map(({ event }) => event)).not.toContain("token.reused");
  });

  test("forgets a family that it does not have: its streams end, and the sandbox can be given a new one", async () => {
    await using replicas = await startReplicas();
    const { a, b, store } = replicas;
    const backup = store.backup();
    const { token, sandboxId } = await a.issued();
    using lease = b.tokens.lease(await admitted(b, token))!;
    store.restore(backup);
    for (const replica of [a, b]) await replica.tokens.follower.reload();
    expect(lease.signal.reason).toMatchObject({ name: "Refusal", reason: "token-unknown" });
    for (const replica of [a, b]) {
      expect(await replica.present(token)).toEqual(refusedFor("token-unknown"));
      expect(await replica.tokens.currentToken(sandboxId)).toBeUndefined();
      expect(replica.tokens.stats().families).toBe(0);
    }
    const { token: renewed } = await b.tokens.issue(sandboxId, "renewed");
    await lives(a, renewed);
  });

  test("brings back nothing that was revoked: it is revoked there again, as it was at first", async () => {
    await using replicas = await startReplicas();
    const { a, b, store } = replicas;
    const { token, sandboxId } = await a.issued();
    const familyId = (await admitted(a, token)).credential.familyId;
    const backup = store.backup();
    await a.tokens.revokeSandbox(sandboxId, "sandbox-stopped");
    const ended = await store.find(familyId);
    store.restore(backup);
    await replicas.clock.advance(1_000);
    const heard: Family[] = [];
    using _ = a.tokens.onRevoked((family) => heard.push(family));
    await a.tokens.follower.reload();
    await b.tokens.follower.reload();
    expect(await store.find(familyId)).toEqual(ended);
    for (const replica of [a, b]) expect(await replica.present(token)).toEqual(refusedFor("token-revoked"));
    expect(heard, "it is no news").toEqual([]);
    expect(a.audited.filter(({ event }) => event === "family.revoked")).toHaveLength(1);
    await using next = await startTokens({ store, key: a.key, clock: replicas.clock });
    expect(await next.present(token)).toEqual(refusedFor("token-revoked"));
  });

  test("a family that was begun since takes its predecessor's revocation with it, and strands nobody", async () => {
    await using gateway = await startTokens();
    const { token: old, sandboxId } = await gateway.issued();
    const backup = gateway.store.backup();
    const { token: lost } = await gateway.tokens.issue(sandboxId, "started");
    gateway.store.restore(backup);
    await gateway.tokens.follower.reload();
    expect(await gateway.present(old)).toEqual(refusedFor("token-revoked"));
    expect(await gateway.present(lost)).toEqual(refusedFor("token-unknown"));
    expect(await gateway.tokens.currentToken(sandboxId)).toBeUndefined();
    await lives(gateway, (await gateway.tokens.issue(sandboxId, "renewed")).token);
  });

  test.each([
    ["presented", true],
    ["not presented", false],
  ])(
    "where another replica went on from it to the same generation as a token that was %s, the store's is the good one",
    async (_name, wasPresented) => {
      await using replicas = await startReplicas();
      const { a, b, store, clock } = replicas;
      const { token: first } = await a.issued();
      await b.present(first);
      const backup = store.backup();
      const { token: lost } = await a.refresh(first);
      if (wasPresented) await a.present(lost);
      store.restore(backup);
      await clock.advance(2_000);
      const { token: kept, familyId } = await b.refresh(first);
      expect(kept.reveal()).not.toBe(lost.reveal());
      await a.tokens.follower.learn([familyId]);
      expect(await a.present(lost)).toEqual(refusedFor("token-unknown"));
      await lives(a, kept);
    },
  );

  test("that had not recorded a presentation gets it recorded again", async () => {
    await using gateway = await startTokens();
    const { token, sandboxId } = await gateway.issued();
    const backup = gateway.store.backup();
    await gateway.present(token);
    gateway.store.restore(backup);
    await gateway.tokens.follower.reload();
    await gateway.present(token);
    expect(await gateway.store.ofSandbox(sandboxId)).toMatchObject([{ presented: true }]);
  });

  test("is noticed by a refresh too, before anybody told of it", async () => {
    await using gateway = await startTokens();
    const { token: first, sandboxId } = await gateway.issued();
    const backup = gateway.store.backup();
    const { token: second } = await gateway.refresh(first);
    gateway.store.restore(backup);
    await expect(gateway.refresh(second)).rejects.toMatchObject({ reason: "token-unknown" });
    expect((await gateway.tokens.currentToken(sandboxId))?.reveal()).toBe(first.reveal());
    await lives(gateway, first);
  });

  test("and a token that it still takes for current is not mistaken for a reused one", async () => {
    await using gateway = await startTokens();
    const { token: first, sandboxId } = await gateway.issued();
    const backup = gateway.store.backup();
    const { token: second } = await gateway.refresh(first);
    await gateway.refresh(second);
    gateway.store.restore(backup);
    await gateway.tokens.follower.reload();
    await lives(gateway, first);
    expect(await gateway.store.ofSandbox(sandboxId)).toHaveLength(1);
    expect(gateway.tokens.stats().reuses).toBe(0);
  });

  test("takes nothing back of what this replica does while it is compared", async () => {
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    class Slow extends MemoryFamilyStore {
      slow = false;
      override async findMany(...given: Parameters<MemoryFamilyStore["findMany"]>) {
        const rows = await super.findMany(...given);
        if (this.slow) await released;
        return rows;
      }
    }
    const store = new Slow();
    await using gateway = await startTokens({ store });
    const { token: first, sandboxId } = await gateway.issued();
    const backup = store.backup();
    await gateway.refresh(first);
    const gone = await gateway.issued();
    store.restore(backup);
    store.slow = true;
    const reloading = gateway.tokens.follower.reload();
    while (store.calls.findMany === 0) await new Promise(setImmediate);
    await gateway.tokens.revokeSandbox(sandboxId, "operator");
    release();
    await reloading;
    expect(await gateway.present(first)).toEqual(refusedFor("token-revoked"));
    expect(await gateway.present(gone.token)).toEqual(refusedFor("token-unknown"));
  });

  test("that cannot be revoked again yet is refused all the same, and is compared again", async () => {
    await using gateway = await startTokens();
    const { token, sandboxId } = await gateway.issued();
    const backup = gateway.store.backup();
    await gateway.tokens.revokeSandbox(sandboxId, "operator");
    gateway.store.restore(backup);
    gateway.store.down.add("revoke");
    await expect(gateway.tokens.follower.reload()).rejects.toMatchObject({ reason: "store-unavailable" });
    expect(await gateway.present(token)).toEqual(refusedFor("token-revoked"));
    gateway.store.down.clear();
    await gateway.tokens.follower.reload();
    expect(await gateway.store.ofSandbox(sandboxId)).toEqual([]);
  });

  test("does not bring a family back through a presentation that was being recorded", async () => {
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    class Slow extends MemoryFamilyStore {
      override async markPresented(...given: Parameters<MemoryFamilyStore["markPresented"]>) {
        await super.markPresented(...given);
        await released;
      }
    }
    const store = new Slow();
    const backup = store.backup();
    await using gateway = await startTokens({ store });
    const { token } = await gateway.issued();
    const presenting = gateway.present(token);
    while (store.calls.markPresented === 0) await new Promise(setImmediate);
    store.restore(backup);
    await gateway.tokens.follower.reload();
    release();
    expect(await presenting).toEqual(refusedFor("token-unknown"));
    expect(gateway.tokens.stats().families).toBe(0);
  });

  test("of many thousands of families is compared in portions", async () => {
    await using gateway = await startTokens();
    const backup = gateway.store.backup();
    await Promise.all(Array.from({ length: 1_001 }, () => gateway.issued()));
    gateway.store.restore(backup);
    await gateway.tokens.follower.reload();
    expect(gateway.tokens.stats().families).toBe(0);
    expect(gateway.store.calls.findMany).toBe(2);
  });
});
