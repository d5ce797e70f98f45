import { describe, expect, test } from "vitest";
import { silentLog } from "../../../src/core/log.ts";
import type { Family } from "../../../src/tokens/index.ts";
import { MemoryFamilyStore } from "../../support/memory-family-store.ts";
import { admitted, refreshMethod, refusedFor, startReplicas, startTokens, turns } from "../../support/tokens.ts";

describe("what another replica ended", () => {
  test("is refused here, its stream ends and listeners hear of it once, but it is not audited again", async () => {
    await using replicas = await startReplicas();
    const { a, b } = replicas;
    const { token, sandboxId } = await a.issued();
    const principal = await admitted(b, token);
    using lease = b.tokens.lease(principal)!;
    const heard: Family[] = [];
    using _ = b.tokens.onRevoked((family) => heard.push(family));
    await a.tokens.revokeSandbox(sandboxId, "sandbox-deleted");
    expect(await b.present(token), "nobody told b yet").toMatchObject({ ok: true });
    for (let time = 0; time < 3; time += 1) await b.tokens.follower.learn([principal.credential.familyId]);
    await b.tokens.follower.reload();
    expect(lease.signal.reason).toMatchObject({ name: "Refusal", reason: "token-revoked" });
    for (const method of [undefined, refreshMethod]) {
      expect(await b.present(token, method)).toEqual(refusedFor("token-revoked"));
    }
    expect(heard).toMatchObject([{ sandboxId, revokedFor: "sandbox-deleted" }]);
    expect(b.audited).toEqual([]);
  });

  test("is refused here after a reload too, though it was never told by its name", async () => {
    await using replicas = await startReplicas();
    const { a, b } = replicas;
    const { token, sandboxId } = await a.issued();
    using lease = b.tokens.lease(await admitted(b, token))!;
    await a.tokens.revokeSandbox(sandboxId, "operator");
    await b.tokens.follower.reload();
    expect(lease.signal.reason).toMatchObject({ reason: "token-revoked" });
    expect(await b.present(token)).toEqual(refusedFor("token-revoked"));
  });

  test("ends no stream of another sandbox", async () => {
    await using replicas = await startReplicas();
    const { a, b } = replicas;
    const [gone, stays] = [await a.issued(), await a.issued()];
    using lease = b.tokens.lease(await admitted(b, stays.token))!;
    await a.tokens.revokeSandbox(gone.sandboxId, "sandbox-stopped");
    await b.tokens.follower.reload();
    expect(lease.signal.aborted).toBe(false);
    expect(await b.present(stays.token)).toMatchObject({ ok: true });
  });
});

describe("what another replica rotated", () => {
  test("is superseded here, its successor is current, and a stream goes on", async () => {
    await using replicas = await startReplicas();
    const { a, b } = replicas;
    const { token } = await a.issued();
    using lease = b.tokens.lease(await admitted(b, token))!;
    const { token: successor, familyId } = await a.refresh(token);
    await b.tokens.follower.learn([familyId]);
    expect(await b.present(token)).toEqual(refusedFor("token-superseded"));
    const before = b.store.calls.find;
    expect(await b.present(successor)).toMatchObject({ ok: true });
    expect(b.store.calls.find, "memory knows").toBe(before);
    expect(lease.signal.aborted).toBe(false);
  });

  test("gives the token before its one successor, to the byte, whoever is asked", async () => {
    await using replicas = await startReplicas();
    const { a, b } = replicas;
    const { token } = await a.issued();
    await b.tokens.follower.reload();
    const { token: successor, familyId } = await a.refresh(token);
    expect((await b.refresh(token)).token.reveal()).toBe(successor.reveal());
    await b.tokens.follower.learn([familyId]);
    expect((await b.refresh(token)).token.reveal()).toBe(successor.reveal());
    expect(await replicas.store.find(familyId)).toMatchObject({ generation: 1, revokedAt: undefined });
  });

  test("and that was presented there, is known here as presented: a late token before it is a reuse", async () => {
    await using replicas = await startReplicas();
    const { a, b } = replicas;
    const { token } = await a.issued();
    const { token: successor, familyId } = await a.refresh(token);
    await b.tokens.follower.learn([familyId]);
    await a.present(successor);
    await b.tokens.follower.learn([familyId]);
    await replicas.clock.advance(10_000);
    expect(await b.present(token)).toEqual(refusedFor("token-reused"));
    await a.tokens.follower.learn([familyId]);
    expect(await a.present(successor)).toEqual(refusedFor("token-revoked"));
  });
});

test("two replicas that refresh the same token at once answer with one successor, told of each other or not", async () => {
  await using replicas = await startReplicas();
  const { a, b } = replicas;
  let { token } = await a.issued();
  await b.tokens.follower.reload();
  for (let round = 0; round < 5; round += 1) {
    await replicas.clock.advance(60_000);
    const [one, two] = await Promise.all([a.refresh(token), b.refresh(token)]);
    expect(one.token.reveal()).toBe(two.token.reveal());
    if (round % 2 === 0) {
      for (const { tokens } of [a, b]) await tokens.follower.learn([one.familyId]);
    }
    for (const replica of [a, b]) expect(await replica.present(one.token)).toMatchObject({ ok: true });
    token = one.token;
  }
});

describe("a reload while this replica works", () => {
  test("neither forgets nor turns back what is written meanwhile", async () => {
    await using replicas = await startReplicas();
    const { a } = replicas;
    const [kept, ended] = [await a.issued(), await a.issued()];
    const [, { token: successor }, fresh] = await Promise.all([
      a.tokens.follower.reload(),
      a.refresh(kept.token),
      a.issued(),
      a.tokens.revokeSandbox(ended.sandboxId, "operator"),
    ]);
    expect(await a.present(successor)).toMatchObject({ ok: true });
    expect(await a.present(kept.token)).toEqual(refusedFor("token-superseded"));
    expect(await a.present(fresh.token)).toMatchObject({ ok: true });
    expect(await a.present(ended.token)).toEqual(refusedFor("token-revoked"));
    expect(a.tokens.stats().families).toBe(3);
  });

  test("that was read before a rotation and comes after it is read again, and takes nothing back", async () => {
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    class Slow extends MemoryFamilyStore {
      slow = false;
      override async load(since: number) {
        const rows = await super.load(since);
        if (this.slow) await released;
        return rows;
      }
    }
    const store = new Slow();
    await using gateway = await startTokens({ store });
    const { token } = await gateway.issued();
    store.slow = true;
    const reloading = gateway.tokens.follower.reload();
    await turns();
    const { token: successor } = await gateway.refresh(token);
    const fresh = await gateway.issued();
    release();
    await reloading;
    expect(await gateway.present(successor)).toMatchObject({ ok: true });
    expect(await gateway.present(fresh.token)).toMatchObject({ ok: true });
    expect(await gateway.present(token)).toEqual(refusedFor("token-superseded"));
    expect(store.calls.findMany, "both were behind, and were read once more").toBe(1);
  });

  test("whose second reading finds the store further ahead raises no alarm about a restored store", async () => {
    const gates: { load?: Promise<void>; findMany?: Promise<void> } = {};
    class Slow extends MemoryFamilyStore {
      override async load(since: number) {
        const rows = await super.load(since);
        await gates.load;
        return rows;
      }
      override async findMany(...given: Parameters<MemoryFamilyStore["findMany"]>) {
        await gates.findMany;
        return super.findMany(...given);
      }
    }
    const warnings: string[] = [];
    const log = { ...silentLog, warn: (_facts: object, text: string) => void warnings.push(text) };
    const store = new Slow();
    await using replicas = await startReplicas({ store, a: { log } });
    const { a: gateway, b } = replicas;
    const { token: first } = await gateway.issued();
    const [loaded, read] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    Object.assign(gates, { load: loaded.promise, findMany: read.promise });
    const reloading = gateway.tokens.follower.reload();
    await turns();
    const { token: second } = await gateway.refresh(first);
    loaded.resolve();
    await turns();
    const { token: third } = await b.refresh(second);
    read.resolve();
    await reloading;
    expect(await gateway.present(third)).toMatchObject({ ok: true });
    expect(warnings).toEqual([]);
  });

  test("that fails says so, and changes nothing", async () => {
    await using replicas = await startReplicas();
    const { a, b, store } = replicas;
    const { token, sandboxId } = await a.issued();
    const { familyId } = (await admitted(b, token)).credential;
    await a.tokens.revokeSandbox(sandboxId, "operator");
    store.down.add("load").add("findMany");
    await expect(b.tokens.follower.reload()).rejects.toMatchObject({ reason: "store-unavailable" });
    await expect(b.tokens.follower.learn([familyId])).rejects.toMatchObject({ reason: "store-unavailable" });
    expect(await b.present(token)).toMatchObject({ ok: true });
    store.down.clear();
    await b.tokens.follower.reload();
    expect(await b.present(token)).toEqual(refusedFor("token-revoked"));
  });

  test("of nothing asks the store nothing", async () => {
    await using gateway = await startTokens();
    await gateway.tokens.follower.learn([]);
    expect(gateway.store.calls.findMany).toBe(0);
  });

  test("keeps what still counts within the hour after its expiry, so that it stays revoked", async () => {
    await using replicas = await startReplicas();
    const { a, clock } = replicas;
    const { token, sandboxId } = await a.issued();
    await a.tokens.revokeSandbox(sandboxId, "operator");
    clock.jump(3_600_000 + 3_000_000);
    await a.tokens.follower.reload();
    clock.jump(-3_600_000 - 3_000_000);
    expect(await a.present(token)).toEqual(refusedFor("token-revoked"));
  });
});
