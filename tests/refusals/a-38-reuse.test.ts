import { expect, test } from "vitest";
import { admitted, refreshMethod, refusedFor, startReplicas, startTokens } from "../support/tokens.ts";

const graceMs = 10_000;

test("A-38: the token before is refused for its refresh once the grace is over and its successor was presented", async () => {
  await using gateway = await startTokens();
  const { token: first, sandboxId } = await gateway.issued();
  const { token: second, familyId } = await gateway.refresh(first);
  expect(await gateway.present(second)).toMatchObject({ ok: true });
  await gateway.clock.advance(graceMs);
  await expect(gateway.refresh(first)).rejects.toMatchObject({ reason: "token-reused" });
  expect(await gateway.store.find(familyId)).toMatchObject({ revokedFor: "reuse" });
  expect(gateway.audited).toContainEqual(
    expect.objectContaining({ event: "token.reused", sandboxId, familyId, tokenId: `${familyId}.0` }),
  );
  expect(await gateway.present(second)).toEqual(refusedFor("token-revoked"));
  await expect(gateway.refresh(second)).rejects.toMatchObject({ reason: "token-revoked" });
});

test("A-38: the token before the one before is refused within the grace, and ends the family", async () => {
  await using gateway = await startTokens();
  const { token: first } = await gateway.issued();
  const { token: second } = await gateway.refresh(first);
  const { token: third } = await gateway.refresh(second);
  await expect(gateway.refresh(first)).rejects.toMatchObject({ reason: "token-reused" });
  for (const token of [first, second, third]) {
    expect(await gateway.present(token)).toEqual(refusedFor("token-revoked"));
    expect(await gateway.present(token, refreshMethod)).toEqual(refusedFor("token-revoked"));
  }
});

test("A-38: a token that was replayed after two refreshes is refused however long ago they were", async () => {
  await using gateway = await startTokens();
  const { token: first } = await gateway.issued();
  const { token: second } = await gateway.refresh(first);
  await gateway.clock.advance(600_000);
  await gateway.refresh(second);
  await gateway.clock.advance(600_000);
  await expect(gateway.refresh(first)).rejects.toMatchObject({ reason: "token-reused" });
});

test("A-38: the authenticator itself refuses a token before the one before, also for its refresh", async () => {
  await using gateway = await startTokens();
  const { token: first } = await gateway.issued();
  const { token: second } = await gateway.refresh(first);
  await gateway.refresh(second);
  expect(await gateway.present(first, refreshMethod)).toEqual(refusedFor("token-reused"));
});

test("A-38: a superseded token is refused by every other method at once", async () => {
  await using gateway = await startTokens();
  const { token: first } = await gateway.issued();
  await gateway.refresh(first);
  expect(await gateway.present(first)).toEqual(refusedFor("token-superseded"));
});

test("A-38: presented to another method after the grace, when its successor was presented too, it ends the family", async () => {
  await using gateway = await startTokens();
  const { token: first } = await gateway.issued();
  const { token: second, familyId } = await gateway.refresh(first);
  await gateway.present(second);
  await gateway.clock.advance(graceMs - 1);
  expect(await gateway.present(first)).toEqual(refusedFor("token-superseded"));
  expect(await gateway.present(second)).toMatchObject({ ok: true });
  await gateway.clock.advance(1);
  expect(await gateway.present(first)).toEqual(refusedFor("token-reused"));
  expect(await gateway.store.find(familyId)).toMatchObject({ revokedFor: "reuse" });
  expect(await gateway.present(second)).toEqual(refusedFor("token-revoked"));
});

test("A-38: where reuse does not end a family, it is refused and audited, and the holder of the current token goes on", async () => {
  await using gateway = await startTokens({ revokeOnReuse: false });
  const { token: first } = await gateway.issued();
  const { token: second } = await gateway.refresh(first);
  await gateway.present(second);
  await gateway.clock.advance(graceMs);
  await expect(gateway.refresh(first)).rejects.toMatchObject({ reason: "token-reused" });
  expect(await gateway.present(first)).toEqual(refusedFor("token-reused"));
  expect(gateway.audited.filter(({ event }) => event === "token.reused")).toHaveLength(2);
  expect(await gateway.present(second)).toMatchObject({ ok: true });
});

test("A-38: where the store cannot end the family, the reused token is refused all the same", async () => {
  await using gateway = await startTokens();
  const { token: first } = await gateway.issued();
  const { token: second } = await gateway.refresh(first);
  await gateway.present(second);
  await gateway.clock.advance(graceMs);
  gateway.store.down.add("revoke");
  expect(await gateway.present(first)).toEqual(refusedFor("token-reused"));
  gateway.store.down.clear();
  expect(await gateway.present(first)).toEqual(refusedFor("token-reused"));
  expect(await gateway.present(second)).toEqual(refusedFor("token-revoked"));
});

test("A-38: over two replicas, a token before the one before is refused by the one that did not rotate it, and ends the family on both", async () => {
  await using replicas = await startReplicas();
  const { a, b } = replicas;
  const { token: first } = await a.issued();
  await b.present(first);
  const { token: second, familyId } = await a.refresh(first);
  const { token: third } = await a.refresh(second);
  using lease = a.tokens.lease(await admitted(a, third))!;
  await b.tokens.follower.learn([familyId]);
  expect(await b.present(first, refreshMethod)).toEqual(refusedFor("token-reused"));
  await a.tokens.follower.learn([familyId]);
  expect(lease.signal.reason).toMatchObject({ reason: "token-revoked" });
  for (const replica of [a, b]) {
    for (const token of [first, second, third]) {
      expect(await replica.present(token)).toEqual(refusedFor("token-revoked"));
    }
  }
  expect(a.audited.map(({ event }) => event)).not.toContain("family.revoked");
  expect(b.audited.map(({ event }) => event)).toEqual(["token.reused", "family.revoked"]);
});

test("A-38: over two replicas, the token before is not refreshed by the one that nobody told of its rotation", async () => {
  await using replicas = await startReplicas();
  const { a, b } = replicas;
  const { token: first } = await a.issued();
  await b.present(first);
  const { token: second, familyId } = await a.refresh(first);
  await a.present(second);
  await replicas.clock.advance(graceMs);
  await expect(b.refresh(first)).rejects.toMatchObject({ reason: "token-reused" });
  expect(await replicas.store.find(familyId)).toMatchObject({ generation: 1, revokedFor: "reuse" });
});

test("A-38: over two replicas, a superseded token is refused by both once they know, and reported as stolen by neither within the grace", async () => {
  await using replicas = await startReplicas();
  const { a, b } = replicas;
  const { token: first } = await a.issued();
  const { token: second, familyId } = await b.refresh(first);
  await b.present(second);
  await a.tokens.follower.learn([familyId]);
  for (const replica of [a, b]) {
    expect(await replica.present(first)).toEqual(refusedFor("token-superseded"));
    expect(await replica.present(second)).toMatchObject({ ok: true });
    expect(replica.tokens.stats().reuses).toBe(0);
  }
});
