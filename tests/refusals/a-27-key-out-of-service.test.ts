import { expect, test } from "vitest";
import { changeableRing, newKey, refreshMethod, refusedFor, ringKey, spell, startTokens } from "../support/tokens.ts";

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
