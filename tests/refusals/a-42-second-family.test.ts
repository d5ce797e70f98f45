import { expect, test } from "vitest";
import { admitted, refusedFor, startReplicas, startTokens } from "../support/tokens.ts";

test("A-42: a sandbox that is issued a token while it has one keeps the new one alone, and the end of the old is audited", async () => {
  await using gateway = await startTokens();
  const { token: old, sandboxId } = await gateway.issued();
  expect(await gateway.present(old)).toMatchObject({ ok: true });
  const { token: next, familyId } = await gateway.tokens.issue(sandboxId, "bootstrapped");
  expect(await gateway.present(old)).toEqual(refusedFor("token-revoked"));
  await expect(gateway.refresh(old)).rejects.toMatchObject({ reason: "token-revoked" });
  expect(await gateway.present(next)).toMatchObject({ ok: true, value: { credential: { familyId } } });
  expect(gateway.audited).toContainEqual(
    expect.objectContaining({ event: "family.revoked", sandboxId, reason: "superseded-family" }),
  );
});

test("A-42: of many families issued at once to one sandbox, one is live", async () => {
  await using gateway = await startTokens();
  const { sandboxId } = await gateway.issued();
  const asked = Array.from({ length: 20 }, () => gateway.tokens.issue(sandboxId, "bootstrapped"));
  const outcomes = await Promise.allSettled(asked);
  const issued = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
  const verdicts = await Promise.all(issued.map(({ token }) => gateway.present(token)));
  expect(verdicts.filter(({ ok }) => ok)).toHaveLength(1);
  const refused = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason.reason] : []));
  expect(new Set(refused), "the others were too many").toEqual(new Set(["rate-limited"]));
});

test("A-42: over two replicas, a family begun at one ends the older one at the other, and its stream", async () => {
  await using replicas = await startReplicas();
  const { a, b } = replicas;
  const { token: old, sandboxId } = await a.issued();
  const principal = await admitted(a, old);
  using lease = a.tokens.lease(principal)!;
  const { token: next, familyId } = await b.tokens.issue(sandboxId, "bootstrapped");
  await a.tokens.follower.learn([principal.credential.familyId, familyId]);
  expect(lease.signal.reason).toMatchObject({ reason: "token-revoked" });
  for (const replica of [a, b]) {
    expect(await replica.present(old)).toEqual(refusedFor("token-revoked"));
    expect(await replica.present(next)).toMatchObject({ ok: true });
  }
  expect([...a.audited, ...b.audited].filter(({ event }) => event === "family.revoked")).toEqual([
    expect.objectContaining({ sandboxId, reason: "superseded-family" }),
  ]);
});

test("A-42: over two replicas, of families issued at once by both to one sandbox, one is live on both", async () => {
  await using replicas = await startReplicas();
  const { a, b } = replicas;
  const { sandboxId } = await a.issued();
  const issued = await Promise.all([a, b, a, b].map(({ tokens }) => tokens.issue(sandboxId, "bootstrapped")));
  for (const replica of [a, b]) {
    await replica.tokens.follower.reload();
    const verdicts = await Promise.all(issued.map(({ token }) => replica.present(token)));
    expect(verdicts.filter(({ ok }) => ok)).toHaveLength(1);
  }
});
