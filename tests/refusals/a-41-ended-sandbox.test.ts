import { expect, test } from "vitest";
import type { SandboxPrincipal } from "../../src/core/principal.ts";
import { admitted, refreshMethod, refusedFor, startReplicas, startTokens } from "../support/tokens.ts";

test.each(["sandbox-deleted", "sandbox-stopped"] as const)(
  "A-41: after %s, call and refresh are refused and the stream ends",
  async (cause) => {
    await using gateway = await startTokens();
    const { token, sandboxId } = await gateway.issued();
    const verdict = await gateway.present(token);
    using lease = gateway.tokens.lease((verdict as { value: SandboxPrincipal }).value)!;
    expect(lease.signal.aborted).toBe(false);
    await gateway.tokens.revokeSandbox(sandboxId, cause);
    expect(lease.signal.reason).toMatchObject({ reason: "token-revoked" });
    expect(await gateway.present(token)).toEqual(refusedFor("token-revoked"));
    expect(await gateway.present(token, refreshMethod)).toEqual(refusedFor("token-revoked"));
    await expect(
      gateway.tokens.refresh((verdict as { value: SandboxPrincipal }).value, { conflict: false }),
    ).rejects.toMatchObject({ reason: "token-revoked" });
  },
);

test("A-41: the old token is not good for the sandbox's next family", async () => {
  await using gateway = await startTokens();
  const { token: old, sandboxId } = await gateway.issued();
  await gateway.tokens.revokeSandbox(sandboxId, "sandbox-stopped");
  const { token: next } = await gateway.tokens.issue(sandboxId, "started");
  expect(await gateway.present(old)).toEqual(refusedFor("token-revoked"));
  expect(await gateway.present(next)).toMatchObject({ ok: true, value: { sandboxId } });
});

test("A-41: a refresh that was under way when the sandbox was deleted gives no token that lives", async () => {
  await using gateway = await startTokens();
  const { token, sandboxId } = await gateway.issued();
  const [refreshed] = await Promise.allSettled([
    gateway.refresh(token),
    gateway.tokens.revokeSandbox(sandboxId, "sandbox-deleted"),
  ]);
  if (refreshed.status === "fulfilled") {
    expect(await gateway.present(refreshed.value.token)).toEqual(refusedFor("token-revoked"));
  } else {
    expect(refreshed.reason).toMatchObject({ reason: "token-revoked" });
  }
  expect(await gateway.tokens.currentToken(sandboxId)).toBeUndefined();
});

test.each(["sandbox-deleted", "sandbox-stopped"] as const)(
  "A-41: after %s on one replica, call and refresh are refused by the other as soon as it is told, and the stream ends",
  async (cause) => {
    await using replicas = await startReplicas();
    const { a, b, clock } = replicas;
    const { token, sandboxId } = await a.issued();
    const principal = await admitted(b, token);
    using lease = b.tokens.lease(principal)!;
    await a.tokens.revokeSandbox(sandboxId, cause);
    await b.tokens.follower.learn([principal.credential.familyId]);
    expect(lease.signal.reason).toMatchObject({ reason: "token-revoked" });
    expect(await b.present(token)).toEqual(refusedFor("token-revoked"));
    expect(await b.present(token, refreshMethod)).toEqual(refusedFor("token-revoked"));
    await clock.advance(60_000);
    expect(b.audited, "who ended it has said so").toEqual([]);
  },
);

test("A-41: over two replicas, a refresh of an ended sandbox is refused even by the one that was not told", async () => {
  await using replicas = await startReplicas();
  const { a, b } = replicas;
  const { token, sandboxId } = await a.issued();
  const principal = await admitted(b, token);
  await a.tokens.revokeSandbox(sandboxId, "sandbox-deleted");
  await expect(b.tokens.refresh(principal, { conflict: false })).rejects.toMatchObject({ reason: "token-revoked" });
  expect(await b.present(token)).toEqual(refusedFor("token-revoked"));
});
