import { expect, test } from "vitest";
import { createSandboxJwtAuthenticator } from "../../../../src/auth/index.ts";
import { Refusal } from "../../../../src/core/refusal.ts";
import type { TokenChecks } from "../../../../src/tokens/index.ts";
import { MemoryFamilyStore } from "../../../support/memory-family-store.ts";
import {
  arrival,
  callMethod,
  changeableRing,
  newKey,
  refreshMethod,
  ringKey,
  startTokens,
} from "../../../support/tokens.ts";

/** The checks of a gateway, counted. */
function counted(tokens: TokenChecks) {
  const counts = { verify: 0, admit: 0 };
  const checks: TokenChecks = {
    ...tokens,
    verify: (token) => {
      counts.verify += 1;
      return tokens.verify(token);
    },
    admit: (principal, purpose) => {
      counts.admit += 1;
      return tokens.admit(principal, purpose);
    },
  };
  return { counts, checks };
}

test("a signature is verified once, admission is asked every time", async () => {
  await using gateway = await startTokens();
  const { counts, checks } = counted(gateway.tokens);
  // Made before the authenticator is, as by another replica.
  const { text, sandboxId } = await gateway.issued();
  const authenticator = createSandboxJwtAuthenticator({ tokens: checks });
  for (let at = 0; at < 10; at += 1) {
    const outcome = await authenticator.authenticate({ method: callMethod, bearer: text, arrival });
    expect(outcome).toMatchObject({ kind: "accept", principal: { sandboxId } });
  }
  expect(counts).toEqual({ verify: 1, admit: 10 });
});

test("a token that this process made is not verified, and is asked about every time all the same", async () => {
  await using gateway = await startTokens();
  const { counts, checks } = counted(gateway.tokens);
  const authenticator = createSandboxJwtAuthenticator({ tokens: checks });
  const { text, sandboxId } = await gateway.issued();
  const outcome = await authenticator.authenticate({ method: callMethod, bearer: text, arrival });
  expect(outcome).toMatchObject({ kind: "accept", principal: { sandboxId } });
  await gateway.tokens.revokeSandbox(sandboxId, "operator");
  expect(await authenticator.authenticate({ method: callMethod, bearer: text, arrival })).toEqual({
    kind: "refuse",
    reason: "token-revoked",
  });
  expect(counts).toEqual({ verify: 0, admit: 2 });
});

test("of a token that this process made, one with another signature is verified, and refused", async () => {
  await using gateway = await startTokens();
  const { counts, checks } = counted(gateway.tokens);
  const authenticator = createSandboxJwtAuthenticator({ tokens: checks });
  const { text } = await gateway.issued();
  const bearer = text.slice(0, text.lastIndexOf(".") + 1) + Buffer.alloc(64, 1).toString("base64url");
  expect(await authenticator.authenticate({ method: callMethod, bearer, arrival })).toEqual({
    kind: "refuse",
    reason: "token-signature",
  });
  expect(counts).toEqual({ verify: 1, admit: 0 });
});

test("a token that was made and could not be stored is not good", async () => {
  const store = new MemoryFamilyStore();
  await using gateway = await startTokens({ store });
  const authenticator = createSandboxJwtAuthenticator({ tokens: gateway.tokens });
  const made: string[] = [];
  gateway.tokens.onMinted((token) => made.push(token.reveal()));
  store.begin = () => Promise.reject(new Refusal("store-unavailable"));
  await expect(gateway.issued()).rejects.toThrow("store is not available");
  const outcome = await authenticator.authenticate({ method: callMethod, bearer: made[0], arrival });
  expect(outcome).toEqual({ kind: "refuse", reason: "token-unknown" });
});

test("a token that is known is answered without a promise", async () => {
  await using gateway = await startTokens();
  const authenticator = createSandboxJwtAuthenticator({ tokens: gateway.tokens });
  const { text } = await gateway.issued();
  await authenticator.authenticate({ method: callMethod, bearer: text, arrival });
  expect(authenticator.authenticate({ method: callMethod, bearer: text, arrival })).toMatchObject({ kind: "accept" });
});

test("a bad signature is not remembered as good or bad: the good token passes after it", async () => {
  await using gateway = await startTokens();
  const { text } = await gateway.issued();
  const bad = text.slice(0, text.lastIndexOf(".") + 1) + Buffer.alloc(64, 1).toString("base64url");
  for (let at = 0; at < 3; at += 1) {
    expect(await gateway.present(bad)).toEqual({ ok: false, reason: "token-signature" });
    expect(await gateway.present(text)).toMatchObject({ ok: true });
  }
});

test("what is remembered is bounded, and a token that was pushed out is verified again", async () => {
  await using gateway = await startTokens();
  const { counts, checks } = counted(gateway.tokens);
  const authenticator = createSandboxJwtAuthenticator({ tokens: checks, remembered: 4 });
  const issued = await Promise.all(Array.from({ length: 10 }, () => gateway.issued()));
  for (const { text } of [...issued, issued[0]!]) {
    expect(await authenticator.authenticate({ method: callMethod, bearer: text, arrival })).toMatchObject({
      kind: "accept",
    });
  }
  expect(counts.verify).toBe(11);
});

test("a key that leaves the ring takes what was verified with it along", async () => {
  const [a, b] = [newKey(), newKey()];
  const keys = changeableRing(ringKey(a));
  await using gateway = await startTokens({ keys, key: a });
  const authenticator = createSandboxJwtAuthenticator({ tokens: gateway.tokens });
  const { text } = await gateway.issued();
  const presented = { method: callMethod, bearer: text, arrival };
  expect(await authenticator.authenticate(presented)).toMatchObject({ kind: "accept" });
  keys.become(ringKey(b));
  expect(await authenticator.authenticate(presented)).toEqual({ kind: "decline" });
});

test.each([
  ["no credential", undefined],
  ["an opaque one", "sk-live-abcdef"],
  ["another issuer's", `${Buffer.from(`{"alg":"RS256","kid":"idp-1"}`).toString("base64url")}.e30.AA`],
  ["one without a key id", `${Buffer.from(`{"alg":"EdDSA"}`).toString("base64url")}.e30.AA`],
])("it declines %s, so that others are asked", async (_what, bearer) => {
  await using gateway = await startTokens();
  const authenticator = createSandboxJwtAuthenticator({ tokens: gateway.tokens });
  expect(await authenticator.authenticate({ method: callMethod, bearer, arrival })).toEqual({ kind: "decline" });
});

test("it refuses, and lets nobody else look at, whatever names our key and is not in our spelling", async () => {
  await using gateway = await startTokens();
  const authenticator = createSandboxJwtAuthenticator({ tokens: gateway.tokens });
  const { header } = await gateway.issued();
  for (const text of [JSON.stringify(header), ` ${JSON.stringify(header)}`, JSON.stringify({ kid: header["kid"] })]) {
    const bearer = `${Buffer.from(text).toString("base64url")}.e30.AA`;
    expect(await authenticator.authenticate({ method: callMethod, bearer, arrival })).toEqual({
      kind: "refuse",
      reason: "token-malformed",
    });
  }
});

test("a superseded token is admitted for its refresh, by the method's full name alone", async () => {
  await using gateway = await startTokens();
  const { token } = await gateway.issued();
  await gateway.refresh(token);
  expect(await gateway.present(token, refreshMethod)).toMatchObject({ ok: true });
  const lookalikes = [
    "RefreshSandboxToken",
    "/openshell.v1.OpenShell/RefreshSandboxToken",
    "openshell.v1.OpenShell/refreshSandboxToken",
    "openshell.v1.Other/RefreshSandboxToken",
    "openshell.v1.OpenShell/RefreshSandboxToken/",
    "openshell.v1.OpenShell/IssueSandboxToken",
  ];
  for (const method of lookalikes) {
    expect(await gateway.present(token, method), method).toEqual({ ok: false, reason: "token-superseded" });
  }
});
