import { expect, test } from "vitest";
import { anonymous, type SandboxPrincipal } from "../../../src/core/principal.ts";
import type { Secret } from "../../../src/core/secret.ts";
import { userPrincipal } from "../../support/principals.ts";
import { type Gateway, startTokens } from "../../support/tokens.ts";

const lifeMs = 3_600_000;
const leewayMs = 5_000;

async function principalOf(gateway: Gateway, token: Secret): Promise<SandboxPrincipal> {
  const verdict = await gateway.present(token);
  if (!verdict.ok || verdict.value.kind !== "sandbox") throw new Error("not admitted");
  return verdict.value;
}

test("a lease ends when its token does and nobody refreshed it, not before", async () => {
  await using gateway = await startTokens();
  const { token } = await gateway.issued();
  using lease = gateway.tokens.lease(await principalOf(gateway, token))!;
  await gateway.clock.advance(lifeMs + leewayMs - 1);
  expect(lease.signal.aborted).toBe(false);
  await gateway.clock.advance(1);
  expect(lease.signal.reason).toMatchObject({ name: "Refusal", reason: "token-expired" });
});

test("a lease follows its family: a refresh in time ends no stream", async () => {
  await using gateway = await startTokens();
  const { token } = await gateway.issued();
  using lease = gateway.tokens.lease(await principalOf(gateway, token))!;
  let current = token;
  for (let turn = 0; turn < 5; turn += 1) {
    await gateway.clock.advance(lifeMs * 0.8);
    current = (await gateway.refresh(current)).token;
  }
  expect(lease.signal.aborted).toBe(false);
  await gateway.clock.advance(lifeMs + leewayMs);
  expect(lease.signal.reason).toMatchObject({ reason: "token-expired" });
});

test("a lease ends when its family is revoked, at once", async () => {
  await using gateway = await startTokens();
  const [mine, other] = [await gateway.issued(), await gateway.issued()];
  const principal = await principalOf(gateway, mine.token);
  using lease = gateway.tokens.lease(principal)!;
  using stays = gateway.tokens.lease(await principalOf(gateway, other.token))!;
  await gateway.tokens.revokeFamily(principal.credential.familyId, "operator");
  expect(lease.signal.reason).toMatchObject({ reason: "token-revoked" });
  expect(stays.signal.aborted).toBe(false);
});

test("a lease ends when its sandbox gets another family", async () => {
  await using gateway = await startTokens();
  const { token, sandboxId } = await gateway.issued();
  using lease = gateway.tokens.lease(await principalOf(gateway, token))!;
  await gateway.tokens.issue(sandboxId, "started");
  expect(lease.signal.reason).toMatchObject({ reason: "token-revoked" });
});

test("a lease on a family that ended before it was opened is ended", async () => {
  await using gateway = await startTokens();
  const { token, sandboxId } = await gateway.issued();
  const principal = await principalOf(gateway, token);
  await gateway.tokens.revokeSandbox(sandboxId, "sandbox-deleted");
  using revoked = gateway.tokens.lease(principal)!;
  expect(revoked.signal.reason).toMatchObject({ reason: "token-revoked" });

  const second = await gateway.issued();
  const late = await principalOf(gateway, second.token);
  gateway.clock.jump(lifeMs + leewayMs);
  using expired = gateway.tokens.lease(late)!;
  expect(expired.signal.reason).toMatchObject({ reason: "token-expired" });
});

test("a wall clock that jumps past the expiry ends the lease within seconds", async () => {
  await using gateway = await startTokens();
  const { token } = await gateway.issued();
  using lease = gateway.tokens.lease(await principalOf(gateway, token))!;
  gateway.clock.jump(lifeMs + leewayMs);
  await gateway.clock.advance(5_000);
  expect(lease.signal.reason).toMatchObject({ reason: "token-expired" });
});

test("neither a user nor an anonymous caller has a lease", async () => {
  await using gateway = await startTokens();
  expect(gateway.tokens.lease(userPrincipal())).toBeUndefined();
  expect(gateway.tokens.lease(anonymous)).toBeUndefined();
});

test("two thousand streams share one timer, and leave none behind", async () => {
  await using gateway = await startTokens();
  const idle = gateway.clock.waiting;
  const sandboxes = await Promise.all(Array.from({ length: 100 }, () => gateway.issued()));
  const principals = await Promise.all(sandboxes.map(({ token }) => principalOf(gateway, token)));
  const leases = principals.flatMap((principal) => Array.from({ length: 20 }, () => gateway.tokens.lease(principal)!));
  expect(gateway.tokens.stats().leases).toBe(2_000);
  expect(gateway.clock.waiting).toBe(idle + 1);
  for (const lease of leases) lease[Symbol.dispose]();
  for (const lease of leases) lease[Symbol.dispose]();
  expect(gateway.tokens.stats().leases).toBe(0);
  expect(gateway.clock.waiting).toBe(idle);
});

test("a lease that was closed is not told of anything any more", async () => {
  await using gateway = await startTokens();
  const { token, sandboxId } = await gateway.issued();
  const lease = gateway.tokens.lease(await principalOf(gateway, token))!;
  lease[Symbol.dispose]();
  await gateway.tokens.revokeSandbox(sandboxId, "sandbox-deleted");
  expect(lease.signal.aborted).toBe(false);
});

test("one stream that ends does not end another of the same family", async () => {
  await using gateway = await startTokens();
  const { token, sandboxId } = await gateway.issued();
  const principal = await principalOf(gateway, token);
  const [a, b] = [gateway.tokens.lease(principal)!, gateway.tokens.lease(principal)!];
  a[Symbol.dispose]();
  await gateway.tokens.revokeSandbox(sandboxId, "sandbox-stopped");
  expect(b.signal.aborted).toBe(true);
});
