import { verify } from "node:crypto";
import { expect, test } from "vitest";
import { newSandboxId } from "../../../src/core/ids.ts";
import { MemoryFamilyStore } from "../../support/memory-family-store.ts";
import { newKey, partsOf, startTokens } from "../../support/tokens.ts";

test("a token says exactly what T1 asks for, in a fixed order, and its signature is good", async () => {
  await using gateway = await startTokens({ gatewayId: "prod-1", ttlSeconds: 900 });
  const sandboxId = newSandboxId();
  const { token, expiresAt, familyId } = await gateway.tokens.issue(sandboxId, "created");
  const iat = gateway.clock.now() / 1000;
  const { header, payload } = partsOf(token);
  expect(JSON.stringify(header)).toBe(JSON.stringify({ alg: "EdDSA", typ: "JWT", kid: gateway.key.keyId }));
  expect(JSON.stringify(payload)).toBe(
    JSON.stringify({
      iss: "openshell-gateway:prod-1",
      aud: "openshell-gateway:prod-1",
      sub: `spiffe://openshell/sandbox/${sandboxId}`,
      sandbox_id: sandboxId,
      iat,
      exp: iat + 900,
      jti: `${familyId}.0`,
    }),
  );
  expect(expiresAt).toBe((iat + 900) * 1000);
  const [signed, signature] = token.reveal().split(/\.(?=[^.]+$)/) as [string, string];
  expect(verify(null, Buffer.from(signed), gateway.key.publicKey, Buffer.from(signature, "base64url"))).toBe(true);
});

test("a token lives an hour where nothing is said, and its times are whole seconds", async () => {
  await using gateway = await startTokens();
  gateway.clock.jump(456);
  const { payload } = await gateway.issued();
  expect(payload["iat"]).toBe(Math.floor(gateway.clock.now() / 1000));
  expect(Number(payload["exp"]) - Number(payload["iat"])).toBe(3600);
});

test.each([0, 59, 86_401, -1, 60.5, Number.NaN, Number.POSITIVE_INFINITY])(
  "a life of %d s is refused at start",
  async (ttlSeconds) => {
    await expect(startTokens({ ttlSeconds })).rejects.toThrow(RangeError);
  },
);

test.each([-1, 31, 0.5])("a leeway of %d s is refused at start", async (leewaySeconds) => {
  await expect(startTokens({ leewaySeconds })).rejects.toThrow(RangeError);
});

test("the current token is made again, the same to the byte, by another process too", async () => {
  const [store, key] = [new MemoryFamilyStore(), newKey()];
  await using gateway = await startTokens({ store, key });
  const { token, sandboxId } = await gateway.issued();
  const { token: successor } = await gateway.refresh(token);
  expect((await gateway.tokens.currentToken(sandboxId))?.reveal()).toBe(successor.reveal());
  await using next = await startTokens({ store, key, clock: gateway.clock });
  expect((await next.tokens.currentToken(sandboxId))?.reveal()).toBe(successor.reveal());
});

test("there is no current token for a sandbox without a family, one that ended, ran out, or whose key is gone", async () => {
  const [store, key] = [new MemoryFamilyStore(), newKey()];
  await using gateway = await startTokens({ store, key });
  expect(await gateway.tokens.currentToken(newSandboxId())).toBeUndefined();
  const ended = await gateway.issued();
  await gateway.tokens.revokeSandbox(ended.sandboxId, "operator");
  expect(await gateway.tokens.currentToken(ended.sandboxId)).toBeUndefined();
  const { sandboxId } = await gateway.issued();
  await using other = await startTokens({ store, clock: gateway.clock });
  expect(await other.tokens.currentToken(sandboxId)).toBeUndefined();
  gateway.clock.jump(3_600_000);
  expect(await gateway.tokens.currentToken(sandboxId)).toBeUndefined();
});

test("one family is ended alone, and nobody else's", async () => {
  await using gateway = await startTokens();
  const [a, b] = [await gateway.tokens.issue(newSandboxId(), "created"), await gateway.issued()];
  expect(await gateway.tokens.revokeFamily(a.familyId, "operator")).toBe(true);
  expect(await gateway.present(a.token)).toEqual({ ok: false, reason: "token-revoked" });
  expect(await gateway.present(b.token)).toMatchObject({ ok: true });
});

test("ending a family that nobody knows is no error, and said", async () => {
  await using gateway = await startTokens();
  const { familyId } = await gateway.tokens.issue(newSandboxId(), "created");
  await gateway.clock.advance(7_500_000);
  for (let minute = 0; minute < 3; minute += 1) await gateway.clock.advance(60_000);
  expect(await gateway.tokens.revokeFamily(familyId, "operator")).toBe(false);
});

test("each end of a family is told once, with its cause, after it is stored", async () => {
  await using gateway = await startTokens();
  const told: unknown[] = [];
  using _listening = gateway.tokens.onRevoked(({ familyId, revokedFor }) => told.push([familyId, revokedFor]));
  const { familyId, token } = await gateway.tokens.issue(newSandboxId(), "created");
  await gateway.present(token);
  await Promise.all([
    gateway.tokens.revokeFamily(familyId, "operator"),
    gateway.tokens.revokeFamily(familyId, "reuse"),
  ]);
  await gateway.tokens.revokeFamily(familyId, "reuse");
  expect(told).toEqual([[familyId, "operator"]]);
  expect(gateway.audited.filter(({ event }) => event === "family.revoked")).toHaveLength(1);
});
