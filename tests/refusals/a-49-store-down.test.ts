import { expect, test } from "vitest";
import { MemoryFamilyStore } from "../support/memory-family-store.ts";
import { admitted, newKey, refreshMethod, refusedFor, startReplicas, startTokens } from "../support/tokens.ts";

test("A-49: a token that memory does not know is refused with unavailable while the store is down, and good afterwards", async () => {
  const [store, key] = [new MemoryFamilyStore(), newKey()];
  await using here = await startTokens({ store, key });
  await using there = await startTokens({ store, key });
  const { token } = await there.issued();
  store.down.add("find");
  expect(await here.present(token)).toEqual(refusedFor("revocations-unknown"));
  expect(await here.present(token, refreshMethod)).toEqual(refusedFor("revocations-unknown"));
  store.down.clear();
  expect(await here.present(token)).toMatchObject({ ok: true });
});

test("A-49: a token's first presentation is not served while the store cannot record it", async () => {
  await using gateway = await startTokens();
  const { token, sandboxId } = await gateway.issued();
  gateway.store.down.add("markPresented");
  expect(await gateway.present(token)).toEqual(refusedFor("revocations-unknown"));
  expect(await gateway.present(token)).toEqual(refusedFor("revocations-unknown"));
  gateway.store.down.clear();
  expect(await gateway.present(token)).toMatchObject({ ok: true });
  expect(await gateway.store.ofSandbox(sandboxId)).toMatchObject([{ presented: true }]);
});

test("A-49: a token that was presented before is served though the store is down", async () => {
  await using gateway = await startTokens();
  const { token } = await gateway.issued();
  await gateway.present(token);
  for (const method of ["find", "markPresented", "rotate", "revoke", "load"] as const) gateway.store.down.add(method);
  expect(await gateway.present(token)).toMatchObject({ ok: true });
});

test("A-49: a gateway that cannot load its families does not start", async () => {
  const store = new MemoryFamilyStore();
  store.down.add("load");
  await expect(startTokens({ store })).rejects.toMatchObject({ reason: "store-unavailable" });
});

test("A-49: neither a refresh nor an issue is answered without the store", async () => {
  await using gateway = await startTokens();
  const { token, sandboxId } = await gateway.issued();
  gateway.store.down.add("rotate").add("begin");
  await expect(gateway.refresh(token)).rejects.toMatchObject({ code: "unavailable" });
  await expect(gateway.tokens.issue(sandboxId, "renewed")).rejects.toMatchObject({ code: "unavailable" });
  expect(await gateway.present(token)).toMatchObject({ ok: true });
});

test("A-49: over two replicas, the one that lost the store refuses with unavailable, and lets nothing live on that the other ended", async () => {
  let staleness = 0;
  await using replicas = await startReplicas({ b: { staleness: () => staleness } });
  const { a, b } = replicas;
  const [gone, stays] = [await a.issued(), await a.issued()];
  const principals = [await admitted(b, gone.token), await admitted(b, stays.token)];
  const leases = principals.map((principal) => b.tokens.lease(principal)!);
  staleness = 5_001;
  await a.tokens.revokeSandbox(gone.sandboxId, "operator");
  await replicas.clock.advance(1_000);
  for (const { signal } of leases) expect(signal.reason).toMatchObject({ reason: "revocations-unknown" });
  for (const { token } of [gone, stays]) {
    expect(await b.present(token)).toEqual(refusedFor("revocations-unknown"));
    expect(await b.present(token, refreshMethod)).toEqual(refusedFor("revocations-unknown"));
  }
  await b.tokens.follower.reload();
  staleness = 0;
  expect(await b.present(gone.token)).toEqual(refusedFor("token-revoked"));
  expect(await b.present(stays.token)).toMatchObject({ ok: true });
});
