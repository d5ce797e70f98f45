import { describe, expect, test } from "vitest";
import { changeableRing, newKey, ringKey, startReplicas } from "../../support/tokens.ts";

/** Two replicas of which the first has changed over to a new key, and the second has not seen it. */
async function hasty() {
  const [old, next] = [newKey(), newKey()];
  const [ringA, ringB] = [changeableRing(ringKey(old)), changeableRing(ringKey(old))];
  const replicas = await startReplicas({ a: { keys: ringA }, b: { keys: ringB } });
  const { token, sandboxId } = await replicas.a.issued();
  await replicas.b.tokens.follower.reload();
  ringA.become(ringKey(next), ringKey(old, "retiring"));
  const arrives = () => ringB.become(ringKey(next), ringKey(old, "retiring"));
  return { replicas, token, sandboxId, arrives, isRevokedAtB: () => ringB.revoke(next.keyId, ringKey(old)) };
}

describe("a token that another replica signed with a key that is not here yet", () => {
  test("has no other token put in its place: who retries its refresh is told to come again, and gets the same one", async () => {
    const { replicas, token, arrives } = await hasty();
    await using _ = replicas;
    const { a, b, store } = replicas;
    const { token: successor, familyId } = await a.refresh(token);
    await expect(b.refresh(token)).rejects.toMatchObject({ reason: "keys-missing", code: "unavailable" });
    expect(await store.find(familyId)).toMatchObject({ generation: 1 });
    arrives();
    expect((await b.refresh(token)).token.reveal()).toBe(successor.reveal());
    expect(await store.find(familyId)).toMatchObject({ generation: 1 });
  });

  test("is still its family's: whoever mends the sandbox's file begins no new family, and has to come again", async () => {
    const { replicas, token, sandboxId, arrives } = await hasty();
    await using _ = replicas;
    const { a, b } = replicas;
    const { token: successor, familyId } = await a.refresh(token);
    await b.tokens.follower.learn([familyId]);
    await expect(b.tokens.currentToken(sandboxId)).rejects.toMatchObject({ reason: "keys-missing" });
    arrives();
    expect((await b.tokens.currentToken(sandboxId))?.reveal()).toBe(successor.reveal());
  });

  test("is of no use where that key was revoked: another takes its place", async () => {
    const { replicas, token, isRevokedAtB } = await hasty();
    await using _ = replicas;
    const { a, b, store } = replicas;
    const { familyId } = await a.refresh(token);
    isRevokedAtB();
    await b.refresh(token).catch(() => undefined);
    const family = await store.find(familyId);
    expect(family?.revokedFor ?? family?.generation).toBe("key-revoked");
  });
});
