import { expect, test } from "vitest";
import {
  changeableRing,
  newKey,
  refreshMethod,
  refusedFor,
  ringKey,
  spell,
  startReplicas,
  startTokens,
} from "../support/tokens.ts";

const [first, second] = [newKey(), newKey()];

test("A-27: a retiring key's token is good until the key has left the ring, and no longer, verified before or not", async () => {
  const keys = changeableRing(ringKey(first));
  await using gateway = await startTokens({ keys, key: first });
  const seen = await gateway.issued();
  const unseen = await gateway.issued();
  keys.become(ringKey(first, "retiring"), ringKey(second));
  expect(await gateway.present(seen.token)).toMatchObject({ ok: true });
  keys.become(ringKey(second));
  expect(await gateway.present(seen.token)).toEqual(refusedFor("credential-unrecognised"));
  expect(await gateway.present(unseen.token)).toEqual(refusedFor("credential-unrecognised"));
});

test("A-27: what a key signs that is not active yet is refused, as no family has such a token", async () => {
  const keys = changeableRing(ringKey(first), ringKey(second, "next"));
  await using gateway = await startTokens({ keys, key: first });
  const { header, payload } = await gateway.issued();
  const early = JSON.stringify({ ...header, kid: second.keyId });
  const token = spell(early, JSON.stringify(payload), second.privateKey);
  expect(await gateway.present(token)).toEqual(refusedFor("token-unknown"));
});

test("A-27: what a retiring key signs anew is refused, as no family has such a token", async () => {
  const keys = changeableRing(ringKey(first, "retiring"), ringKey(second));
  await using gateway = await startTokens({ keys, key: second });
  const { header, payload } = await gateway.issued();
  expect(header["kid"]).toBe(second.keyId);
  const late = JSON.stringify({ ...header, kid: first.keyId });
  const token = spell(late, JSON.stringify(payload), first.privateKey);
  expect(await gateway.present(token)).toEqual(refusedFor("token-unknown"));
});

test("A-27: a revoked key's token is refused at once, verified before or not, and so is its refresh", async () => {
  const keys = changeableRing(ringKey(first));
  await using gateway = await startTokens({ keys, key: first });
  const [seen, unseen] = [await gateway.issued(), await gateway.issued()];
  expect(await gateway.present(seen.token)).toMatchObject({ ok: true });
  keys.revoke(first.keyId, ringKey(second));
  for (const { token } of [seen, unseen]) {
    expect(await gateway.present(token)).toEqual(refusedFor("credential-unrecognised"));
    expect(await gateway.present(token, refreshMethod)).toEqual(refusedFor("credential-unrecognised"));
  }
});

/** Replica `a` signs with a key that `b` does not have yet. */
async function changedOverFirst() {
  const ring = { a: changeableRing(ringKey(first), ringKey(second, "next")), b: changeableRing(ringKey(first)) };
  const replicas = await startReplicas({ a: { keys: ring.a }, b: { keys: ring.b } });
  const before = await replicas.a.issued();
  await replicas.b.tokens.follower.reload();
  ring.a.become(ringKey(first, "retiring"), ringKey(second));
  const { token, familyId } = await replicas.a.refresh(before.token);
  return { replicas, ring, before, token, familyId };
}

test("A-27: of two replicas, the one that does not have the key yet says to come again, and serves when it has it", async () => {
  const { replicas, ring, token, familyId } = await changedOverFirst();
  await using _ = replicas;
  const { b } = replicas;
  expect(await b.present(token), "nobody told b of the successor").toEqual(refusedFor("credential-unrecognised"));
  await b.tokens.follower.learn([familyId]);
  expect(await b.present(token)).toEqual(refusedFor("keys-missing"));
  expect(await b.present(token, refreshMethod)).toEqual(refusedFor("keys-missing"));
  ring.b.become(ringKey(first, "retiring"), ringKey(second));
  expect(await b.present(token)).toMatchObject({ ok: true });
});

test("A-27: of two replicas, the one that does not have the key yet takes nothing for a token that memory does not name", async () => {
  const { replicas, before, token, familyId } = await changedOverFirst();
  await using _ = replicas;
  const { b } = replicas;
  await b.tokens.follower.learn([familyId]);
  const [header, payload, signature] = token.reveal().split(".");
  const read = (part = "") => JSON.parse(Buffer.from(part, "base64url").toString());
  const asIf = (change: { header?: object; payload?: object }) =>
    spell(
      JSON.stringify({ ...read(header), ...change.header }),
      JSON.stringify({ ...read(payload), ...change.payload }),
      second.privateKey,
    );
  const reads = { ...b.store.calls };
  for (const [what, text] of [
    ["another key", asIf({ header: { kid: newKey().keyId } })],
    ["an older generation", asIf({ payload: { jti: `${familyId}.0` } })],
    ["a generation ahead", asIf({ payload: { jti: `${familyId}.2` } })],
    ["a family that nobody has", asIf({ payload: { jti: `${crypto.randomUUID()}.1` } })],
    ["no id", asIf({ payload: { jti: 1 } })],
    ["another spelling", `${header}.${payload}=.${signature}`],
    ["another algorithm", asIf({ header: { alg: "none" } })],
  ] as const) {
    expect(await b.present(text), what).toEqual(refusedFor("credential-unrecognised"));
  }
  expect(b.store.calls, "and asks the store nothing").toEqual(reads);
  expect(await b.present(before.token)).toEqual(refusedFor("token-superseded"));
});

test("A-27: of two replicas, the one that never had the key stops waiting for it with the family, the token or the key", async () => {
  const { replicas, ring, token, familyId } = await changedOverFirst();
  await using _ = replicas;
  const { b, clock } = replicas;
  await b.tokens.follower.learn([familyId]);
  expect(await b.present(token)).toEqual(refusedFor("keys-missing"));
  clock.jump(3_600_000);
  expect(await b.present(token)).toEqual(refusedFor("credential-unrecognised"));
  clock.jump(-3_600_000);
  expect(await b.present(token)).toEqual(refusedFor("keys-missing"));
  ring.b.revoke(second.keyId, ringKey(first));
  expect(await b.present(token)).toEqual(refusedFor("credential-unrecognised"));
  await b.tokens.follower.reload();
  expect(await b.present(token), "a revoked key is not awaited again").toEqual(refusedFor("credential-unrecognised"));
});

test("A-27: of two replicas, the one whose ring has lost the key refuses what the other still signs with it", async () => {
  const ring = changeableRing(ringKey(first), ringKey(second, "next"));
  await using replicas = await startReplicas({ a: { keys: changeableRing(ringKey(first)) }, b: { keys: ring } });
  const { a, b } = replicas;
  const { token } = await a.issued();
  await b.tokens.follower.reload();
  expect(await b.present(token)).toMatchObject({ ok: true });
  ring.revoke(first.keyId, ringKey(second));
  expect(await b.present(token)).toEqual(refusedFor("credential-unrecognised"));
  const { token: late } = await a.issued();
  await b.tokens.follower.reload();
  expect(await b.present(late)).toEqual(refusedFor("credential-unrecognised"));
});
