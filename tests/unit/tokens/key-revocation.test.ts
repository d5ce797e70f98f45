import { expect, test } from "vitest";
import type { SandboxPrincipal } from "../../../src/core/principal.ts";
import { changeableRing, newKey, refusedFor, ringKey, startTokens } from "../../support/tokens.ts";

const [first, second] = [newKey(), newKey()];

async function started() {
  const keys = changeableRing(ringKey(first));
  const gateway = await startTokens({ keys, key: first });
  return { keys, gateway };
}

test("a revoked key's tokens end at once, with their streams, and whoever listens can give the sandboxes new ones", async () => {
  const { keys, gateway } = await started();
  await using _gateway = gateway;
  const [a, b] = [await gateway.issued(), await gateway.issued()];
  const verdict = await gateway.present(a.token);
  using lease = gateway.tokens.lease((verdict as { value: SandboxPrincipal }).value)!;
  const heard: unknown[] = [];
  using _listening = gateway.tokens.onRevoked((family) => heard.push([family.sandboxId, family.revokedFor]));

  keys.revoke(first.keyId, ringKey(second));
  expect(await gateway.present(a.token)).toEqual(refusedFor("credential-unrecognised"));
  await expect
    .poll(() => heard)
    .toEqual([
      [a.sandboxId, "key-revoked"],
      [b.sandboxId, "key-revoked"],
    ]);
  expect(lease.signal.reason).toMatchObject({ reason: "token-revoked" });
  const { token } = await gateway.tokens.issue(a.sandboxId, "renewed");
  expect(await gateway.present(token)).toMatchObject({ ok: true, value: { credential: { keyId: second.keyId } } });
  expect(gateway.audited.filter(({ event }) => event === "family.revoked")).toHaveLength(2);
});

test("families that were refreshed into another key's token live on", async () => {
  const { keys, gateway } = await started();
  await using _gateway = gateway;
  const [old, refreshed] = [await gateway.issued(), await gateway.issued()];
  keys.become(ringKey(first, "retiring"), ringKey(second));
  const { token } = await gateway.refresh(refreshed.token);
  await gateway.present(token);
  keys.revoke(first.keyId, ringKey(second));
  await expect.poll(() => gateway.audited.filter(({ event }) => event === "family.revoked").length).toBe(1);
  expect(await gateway.tokens.currentToken(old.sandboxId)).toBeUndefined();
  expect(await gateway.present(token)).toMatchObject({ ok: true });
});

test("where the store is down, the tokens are refused all the same, and their families end once it is back", async () => {
  const { keys, gateway } = await started();
  await using _gateway = gateway;
  const { token } = await gateway.issued();
  gateway.store.down.add("revokeKey");
  keys.revoke(first.keyId, ringKey(second));
  await expect.poll(() => gateway.clock.waiting).toBe(2);
  await gateway.clock.advance(5_000);
  await expect.poll(() => gateway.store.calls.revokeKey).toBe(2);
  expect(await gateway.present(token)).toEqual(refusedFor("credential-unrecognised"));
  expect(gateway.audited.some(({ event }) => event === "family.revoked")).toBe(false);

  gateway.store.down.clear();
  await expect.poll(() => gateway.clock.waiting).toBe(2);
  await gateway.clock.advance(5_000);
  await expect.poll(() => gateway.audited.filter(({ event }) => event === "family.revoked")).toHaveLength(1);
});

test("a token that was being signed as its key was revoked ends half a minute later", async () => {
  const slow = Promise.withResolvers<void>();
  const keys = changeableRing({
    ...ringKey(first),
    signer: {
      keyId: first.keyId,
      async sign(bytes) {
        await slow.promise;
        return ringKey(first).signer!.sign(bytes);
      },
    },
  });
  await using gateway = await startTokens({ keys, key: first });
  const issuing = gateway.issued();
  keys.revoke(first.keyId, ringKey(second));
  await expect.poll(() => gateway.store.calls.revokeKey).toBe(1);
  slow.resolve();
  const { token, sandboxId } = await issuing;
  expect(await gateway.present(token)).toEqual(refusedFor("credential-unrecognised"));
  await expect.poll(() => gateway.clock.waiting).toBe(2);
  await gateway.clock.advance(30_000);
  await expect
    .poll(() => gateway.audited.find(({ event }) => event === "family.revoked"))
    .toMatchObject({
      sandboxId,
      reason: "key-revoked",
    });
});

test("a key that nobody revoked ends nothing", async () => {
  const { keys, gateway } = await started();
  await using _gateway = gateway;
  const { token } = await gateway.issued();
  keys.revoke("another", ringKey(first));
  await expect.poll(() => gateway.store.calls.revokeKey).toBe(1);
  expect(await gateway.present(token)).toMatchObject({ ok: true });
});
