import { expect, test } from "vitest";
import { refusedFor, startTokens } from "../../support/tokens.ts";

const graceMs = 10_000;

test("a thief who refreshes first is thrown out when the owner says that it had asked for no refresh", async () => {
  await using gateway = await startTokens();
  const { token, sandboxId } = await gateway.issued();
  await gateway.present(token);
  const thief = await gateway.refresh(token);
  await gateway.present(thief.token);
  expect(await gateway.present(token)).toEqual(refusedFor("token-superseded"));
  await expect(gateway.refresh(token, { conflict: true })).rejects.toMatchObject({ reason: "token-reused" });
  expect(await gateway.present(thief.token)).toEqual(refusedFor("token-revoked"));
  const { token: renewed } = await gateway.tokens.issue(sandboxId, "renewed");
  expect(await gateway.present(renewed)).toMatchObject({ ok: true });
});

test("a thief who refreshes second, after the grace, throws everybody out, and the owner gets a new family", async () => {
  await using gateway = await startTokens();
  const { token, sandboxId } = await gateway.issued();
  const owner = await gateway.refresh(token);
  await gateway.present(owner.token);
  await gateway.clock.advance(graceMs);
  await expect(gateway.refresh(token)).rejects.toMatchObject({ reason: "token-reused" });
  expect(await gateway.present(owner.token)).toEqual(refusedFor("token-revoked"));
  const { token: renewed } = await gateway.tokens.issue(sandboxId, "renewed");
  expect(await gateway.present(renewed)).toMatchObject({ ok: true });
  expect(await gateway.present(token)).toEqual(refusedFor("token-revoked"));
});

test("a thief within the grace holds the same token as the owner, and the next refresh of either shows it", async () => {
  await using gateway = await startTokens();
  const { token } = await gateway.issued();
  const owner = await gateway.refresh(token);
  const thief = await gateway.refresh(token);
  expect(thief.token.reveal()).toBe(owner.token.reveal());
  await gateway.clock.advance(60_000);
  const next = await gateway.refresh(thief.token);
  await gateway.present(next.token);
  await gateway.clock.advance(graceMs);
  await expect(gateway.refresh(owner.token)).rejects.toMatchObject({ reason: "token-reused" });
});

test("the listener that delivers a new family after a theft hears of it once", async () => {
  await using gateway = await startTokens();
  const { token, sandboxId } = await gateway.issued();
  const heard: unknown[] = [];
  using _listening = gateway.tokens.onRevoked((family) => heard.push([family.sandboxId, family.revokedFor]));
  const { token: successor } = await gateway.refresh(token);
  await gateway.present(successor);
  await gateway.clock.advance(graceMs);
  await Promise.allSettled(Array.from({ length: 50 }, () => gateway.refresh(token)));
  await Promise.all(Array.from({ length: 50 }, () => gateway.present(token)));
  expect(heard).toEqual([[sandboxId, "reuse"]]);
});
