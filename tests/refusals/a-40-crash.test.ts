import { describe, expect, test } from "vitest";
import { MemoryFamilyStore } from "../support/memory-family-store.ts";
import {
  changeableRing,
  type Gateway,
  newKey,
  refusedFor,
  ringKey,
  startReplicas,
  startTokens,
} from "../support/tokens.ts";

/** A gateway, and another that takes its place after a crash: same store, key and time, nothing else. */
async function gatewayAndNext() {
  const [store, key] = [new MemoryFamilyStore(), newKey()];
  const before = await startTokens({ store, key });
  const restart = () => startTokens({ store, key, clock: before.clock });
  return { before, restart, store };
}

async function refreshes(gateway: Gateway, token: Parameters<Gateway["refresh"]>[0]) {
  const answer = await gateway.refresh(token);
  expect(await gateway.present(answer.token)).toMatchObject({ ok: true });
  expect(await gateway.present(token)).toEqual(refusedFor("token-superseded"));
  return answer;
}

describe("A-40: a refresh that is cut off leaves a token that can refresh", () => {
  test("before the signature", async () => {
    const key = newKey();
    let isDown = true;
    const { signer, ...rest } = ringKey(key);
    const moody = {
      keyId: key.keyId,
      sign: (bytes: Uint8Array) => (isDown ? Promise.reject(new Error("KMS")) : signer!.sign(bytes)),
    };
    const keys = changeableRing({ ...rest, signer: moody });
    isDown = false;
    await using gateway = await startTokens({ keys, key });
    const { token } = await gateway.issued();
    isDown = true;
    await expect(gateway.refresh(token)).rejects.toMatchObject({ reason: "keys-missing", code: "unavailable" });
    expect(await gateway.present(token)).toMatchObject({ ok: true });
    isDown = false;
    await refreshes(gateway, token);
  });

  test("between signature and store", async () => {
    const { before, restart, store } = await gatewayAndNext();
    const { token } = await before.issued();
    store.down.add("rotate");
    await expect(before.refresh(token)).rejects.toMatchObject({ reason: "store-unavailable" });
    expect(await before.present(token)).toMatchObject({ ok: true });
    store.down.clear();
    await using after = await restart();
    await refreshes(after, token);
  });

  test("between store and answer, seen by the same process", async () => {
    const { before: gateway, store } = await gatewayAndNext();
    const { token } = await gateway.issued();
    store.mute.add("rotate");
    await expect(gateway.refresh(token)).rejects.toMatchObject({ reason: "store-unavailable" });
    store.mute.clear();
    const answer = await refreshes(gateway, token);
    expect(await store.find(answer.familyId)).toMatchObject({ generation: 1 });
  });

  test("between store and answer, seen by the next process", async () => {
    const { before, restart, store } = await gatewayAndNext();
    const { token } = await before.issued();
    store.mute.add("rotate");
    await expect(before.refresh(token)).rejects.toMatchObject({ reason: "store-unavailable" });
    store.mute.clear();
    await using after = await restart();
    const answer = await refreshes(after, token);
    expect(await store.find(answer.familyId)).toMatchObject({ generation: 1 });
  });

  test("after the answer that was lost, seen by the next process", async () => {
    const { before, restart } = await gatewayAndNext();
    const { token } = await before.issued();
    const lost = await before.refresh(token);
    await using after = await restart();
    const answer = await refreshes(after, token);
    expect(answer.token.reveal()).toBe(lost.token.reveal());
  });
});

test("A-40: a restart brings nothing back that was revoked or superseded", async () => {
  const { before, restart } = await gatewayAndNext();
  const gone = await before.issued();
  const old = await before.issued();
  await before.tokens.revokeSandbox(gone.sandboxId, "sandbox-deleted");
  await before.refresh(old.token);
  await using after = await restart();
  expect(await after.present(gone.token)).toEqual(refusedFor("token-revoked"));
  expect(await after.present(old.token)).toEqual(refusedFor("token-superseded"));
});

test("A-40: a revocation that the store did not take is reported, and one that it took holds though it could not say so", async () => {
  const { before, restart, store } = await gatewayAndNext();
  const { token, sandboxId } = await before.issued();
  store.mute.add("revokeSandbox");
  await expect(before.tokens.revokeSandbox(sandboxId, "operator")).rejects.toMatchObject({ code: "unavailable" });
  store.mute.clear();
  await using after = await restart();
  expect(await after.present(token)).toEqual(refusedFor("token-revoked"));
});

test("A-40: a token that is ahead of a restored store is refused, and locks nobody out", async () => {
  const { before, restart, store } = await gatewayAndNext();
  const { token: first, sandboxId } = await before.issued();
  const backup = store.backup();
  const { token: second, familyId } = await before.refresh(first);
  const { token: third } = await before.refresh(second);
  store.restore(backup);
  await using after = await restart();
  for (const token of [second, third]) {
    expect(await after.present(token)).toEqual(refusedFor("token-unknown"));
    await expect(after.refresh(token)).rejects.toMatchObject({ reason: "token-unknown" });
  }
  expect(await store.find(familyId)).toMatchObject({ revokedAt: undefined });
  expect((await after.tokens.currentToken(sandboxId))?.reveal()).toBe(first.reveal());
  await refreshes(after, first);
});

test("A-40: a store that was restored under a running gateway refuses, and does not hang", async () => {
  const { before: gateway, store } = await gatewayAndNext();
  const { token: first, sandboxId } = await gateway.issued();
  const backup = store.backup();
  const { token: second } = await gateway.refresh(first);
  store.restore(backup);
  await expect(gateway.refresh(second)).rejects.toMatchObject({ reason: "token-unknown" });
  const { token: renewed } = await gateway.tokens.issue(sandboxId, "renewed");
  expect(await gateway.present(renewed)).toMatchObject({ ok: true });
});

test("A-40: over two replicas, tokens that are ahead of a restored store are refused by both, and what the store has refreshes", async () => {
  await using replicas = await startReplicas();
  const { a, b, store } = replicas;
  const { token: first } = await a.issued();
  const ended = await a.issued();
  const backup = store.backup();
  const { token: second } = await a.refresh(first);
  const { token: third } = await b.refresh(second);
  const unborn = await b.issued();
  await a.tokens.revokeSandbox(ended.sandboxId, "sandbox-deleted");
  store.restore(backup);
  for (const { tokens } of [b, a]) await tokens.follower.reload();
  await b.tokens.follower.reload();
  for (const replica of [a, b]) {
    for (const token of [second, third, unborn.token]) {
      expect(await replica.present(token)).toEqual(refusedFor("token-unknown"));
      await expect(replica.refresh(token)).rejects.toMatchObject({ reason: "token-unknown" });
    }
    expect(await replica.present(ended.token)).toEqual(refusedFor("token-revoked"));
  }
  await refreshes(b, first);
});

test("A-40: over two replicas, one that dies between store and answer leaves a token that refreshes at the other", async () => {
  await using replicas = await startReplicas();
  const { a, b, store } = replicas;
  const { token } = await a.issued();
  await b.tokens.follower.reload();
  store.mute.add("rotate");
  await expect(a.refresh(token)).rejects.toMatchObject({ reason: "store-unavailable" });
  store.mute.clear();
  const answer = await refreshes(b, token);
  expect(await store.find(answer.familyId)).toMatchObject({ generation: 1 });
});
