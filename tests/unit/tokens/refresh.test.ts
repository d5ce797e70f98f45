import { describe, expect, test } from "vitest";
import { newSandboxId } from "../../../src/core/ids.ts";
import type { SandboxPrincipal } from "../../../src/core/principal.ts";
import type { Secret } from "../../../src/core/secret.ts";
import { MemoryFamilyStore } from "../../support/memory-family-store.ts";
import {
  changeableRing,
  type Gateway,
  newKey,
  partsOf,
  refreshMethod,
  refusedFor,
  ringKey,
  startTokens,
} from "../../support/tokens.ts";

test("a refreshed token lives its full life from now, in the next generation of the same family", async () => {
  await using gateway = await startTokens();
  const { token, payload, sandboxId } = await gateway.issued();
  await gateway.clock.advance(2_880_000);
  const issued = await gateway.refresh(token);
  const successor = partsOf(issued.token).payload;
  expect(successor).toMatchObject({
    sub: payload["sub"],
    sandbox_id: sandboxId,
    jti: String(payload["jti"]).replace(/0$/, "1"),
  });
  expect(issued.expiresAt).toBe(gateway.clock.now() + 3_600_000);
  expect(await gateway.present(issued.token)).toMatchObject({ ok: true, value: { sandboxId } });
});

test("a chain of refreshes leaves one good token", async () => {
  await using gateway = await startTokens();
  const { token } = await gateway.issued();
  const all = [token];
  for (let turn = 0; turn < 20; turn += 1) {
    await gateway.clock.advance(60_000);
    all.push((await gateway.refresh(all.at(-1)!)).token);
    expect(await gateway.present(all.at(-1)!)).toMatchObject({ ok: true });
  }
  expect(await gateway.present(all.at(-2)!)).toEqual(refusedFor("token-superseded"));
});

test("the successor is stored before it is delivered, and delivered before it is answered", async () => {
  const order: string[] = [];
  class Watched extends MemoryFamilyStore {
    override async rotate(...given: Parameters<MemoryFamilyStore["rotate"]>) {
      const outcome = await super.rotate(...given);
      order.push("stored");
      return outcome;
    }
  }
  await using gateway = await startTokens({
    store: new Watched(),
    deliver: async () => {
      await new Promise(setImmediate);
      order.push("delivered");
    },
  });
  const { token } = await gateway.issued();
  await gateway.refresh(token);
  order.push("answered");
  expect(order).toEqual(["stored", "delivered", "answered"]);
});

describe("a supervisor that says its token was superseded though it asked for no refresh", () => {
  const conflict = { conflict: true };

  test("gets the successor where nobody has presented it: an answer was lost", async () => {
    await using gateway = await startTokens();
    const { token } = await gateway.issued();
    const lost = await gateway.refresh(token);
    expect((await gateway.refresh(token, conflict)).token.reveal()).toBe(lost.token.reveal());
    expect(gateway.audited.map(({ event }) => event)).not.toContain("token.reused");
  });

  test.each([true, false])(
    "ends the family at once where somebody has, whether reuse ends families (%s) or not",
    async (revokeOnReuse) => {
      await using gateway = await startTokens({ revokeOnReuse });
      const { token } = await gateway.issued();
      const thief = await gateway.refresh(token);
      await gateway.present(thief.token);
      await expect(gateway.refresh(token, conflict)).rejects.toMatchObject({ reason: "token-reused" });
      expect(await gateway.present(thief.token)).toEqual(refusedFor("token-revoked"));
      expect(gateway.audited).toContainEqual(
        expect.objectContaining({ event: "token.reused", reason: "token-conflict" }),
      );
    },
  );

  test("simply gets a new token where its own is the current one", async () => {
    await using gateway = await startTokens();
    const { token } = await gateway.issued();
    const { token: successor } = await gateway.refresh(token, conflict);
    expect(await gateway.present(successor)).toMatchObject({ ok: true });
  });

  test("is not believed in place of one that does not say so: the two are answered apart", async () => {
    await using gateway = await startTokens();
    const { token } = await gateway.issued();
    const { token: successor } = await gateway.refresh(token);
    await gateway.present(successor);
    const [said, silent] = await Promise.allSettled([gateway.refresh(token, conflict), gateway.refresh(token)]);
    expect(said).toMatchObject({ status: "rejected", reason: { reason: "token-reused" } });
    expect(silent.status === "fulfilled" || silent.reason.reason === "token-revoked").toBe(true);
  });
});

describe("a successor that nobody can use any more is replaced", () => {
  test("where its key was withdrawn", async () => {
    const [a, b, c] = [newKey(), newKey(), newKey()];
    const keys = changeableRing(ringKey(a), ringKey(b, "next"));
    await using gateway = await startTokens({ keys, key: a });
    const { token } = await gateway.issued();
    keys.become(ringKey(a, "retiring"), ringKey(b));
    const lost = await gateway.refresh(token);
    keys.become(ringKey(a, "retiring"), ringKey(c));
    expect(await gateway.present(lost.token)).toEqual(refusedFor("credential-unrecognised"));
    const answers = await Promise.all([gateway.refresh(token), gateway.refresh(token)]);
    expect(answers[0].token.reveal()).toBe(answers[1].token.reveal());
    expect(partsOf(answers[0].token).header["kid"]).toBe(c.keyId);
    expect(await gateway.present(answers[0].token)).toMatchObject({ ok: true });
  });

  test("by one of two replicas that try at once, and both answer with it", async () => {
    const [a, b, c] = [newKey(), newKey(), newKey()];
    const store = new MemoryFamilyStore();
    const ring = changeableRing(ringKey(a), ringKey(b, "next"));
    await using one = await startTokens({ store, keys: ring, key: a });
    const { token } = await one.issued();
    ring.become(ringKey(a, "retiring"), ringKey(b));
    await one.refresh(token);
    ring.become(ringKey(a, "retiring"), ringKey(c));
    await using two = await startTokens({ store, keys: ring, key: c, clock: one.clock });
    const answers = await Promise.all([one.refresh(token), two.refresh(token)]);
    expect(answers[0].token.reveal()).toBe(answers[1].token.reveal());
    expect(await store.find(answers[0].familyId)).toMatchObject({ generation: 2, revokedAt: undefined });
  });

  test("where it ran out before the token did that it was made for", async () => {
    const [store, key] = [new MemoryFamilyStore(), newKey()];
    await using before = await startTokens({ store, key, ttlSeconds: 86_400 });
    const { token } = await before.issued();
    await using after = await startTokens({ store, key, ttlSeconds: 60, clock: before.clock });
    await after.refresh(token);
    await after.clock.advance(600_000);
    const { token: successor } = await after.refresh(token);
    expect(await after.present(successor)).toMatchObject({ ok: true });
  });
});

test("a replica whose memory lags behind answers with what the store says", async () => {
  const [store, key] = [new MemoryFamilyStore(), newKey()];
  await using a = await startTokens({ store, key });
  const { token } = await a.issued();
  await using b = await startTokens({ store, key, clock: a.clock });
  const { token: second } = await a.refresh(token);
  const { token: third } = await a.refresh(second);
  expect(await b.present(third)).toMatchObject({ ok: true });
  expect((await b.refresh(third)).familyId).toBeDefined();
  await expect(b.refresh(token)).rejects.toMatchObject({ reason: "token-reused" });
});

/** The principal of a token as the authenticator admits it, for calls that come later than its check. */
async function admitted(gateway: Gateway, token: Secret): Promise<SandboxPrincipal> {
  const verdict = await gateway.present(token, refreshMethod);
  if (!verdict.ok || verdict.value.kind !== "sandbox") throw new Error("not admitted");
  return verdict.value;
}

test("a token that ran out between its check and its refresh refreshes nothing", async () => {
  await using gateway = await startTokens();
  const { token } = await gateway.issued();
  const principal = await admitted(gateway, token);
  gateway.clock.jump(3_605_000);
  await expect(gateway.tokens.refresh(principal, { conflict: false })).rejects.toMatchObject({
    reason: "token-expired",
  });
});

test("a token that shares the current one's id, but is not it, refreshes nothing and ends nothing", async () => {
  await using gateway = await startTokens();
  const { token } = await gateway.issued();
  const principal = await admitted(gateway, token);
  const { credential } = principal;
  for (const change of [
    { keyId: "other" },
    { issuedAt: credential.issuedAt - 1000 },
    { expiresAt: credential.expiresAt + 1000 },
  ]) {
    const other = { ...principal, credential: { ...credential, tokenId: `${credential.tokenId}?`, ...change } };
    await expect(gateway.tokens.refresh(other, { conflict: false })).rejects.toMatchObject({ reason: "token-unknown" });
  }
  const stranger = { ...principal, sandboxId: newSandboxId() };
  await expect(gateway.tokens.refresh(stranger, { conflict: false })).rejects.toMatchObject({
    reason: "token-unknown",
  });
  expect(await gateway.present(token)).toMatchObject({ ok: true });
});

test("a family that another replica ended is refused by the store though memory has it live", async () => {
  const [store, key] = [new MemoryFamilyStore(), newKey()];
  await using a = await startTokens({ store, key });
  const { token, sandboxId } = await a.issued();
  await using b = await startTokens({ store, key, clock: a.clock });
  await a.tokens.revokeSandbox(sandboxId, "sandbox-deleted");
  await expect(b.refresh(token)).rejects.toMatchObject({ reason: "token-revoked" });
});
