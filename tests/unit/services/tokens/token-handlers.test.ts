import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import {
  IssueSandboxTokenRequestSchema,
  RefreshSandboxTokenRequestSchema,
} from "../../../../gen/openshell/v1/tokens_pb.ts";
import type { SandboxPrincipal } from "../../../../src/core/principal.ts";
import { grantScope } from "../../../../src/core/scoped-sandbox.ts";
import { createTokenHandlers } from "../../../../src/services/tokens/index.ts";
import { type Gateway, refreshMethod, startTokens } from "../../../support/tokens.ts";

async function callWith(gateway: Gateway, metadata: Record<string, string> = {}) {
  const { sandboxId, token } = await gateway.issued();
  const verdict = await gateway.present(token, refreshMethod);
  const principal = verdict.ok && (verdict.value as SandboxPrincipal);
  if (!principal) throw new Error("the token was refused");
  return {
    principal,
    sandbox: grantScope({ id: sandboxId, name: "a", workspace: "default" }),
    signal: new AbortController().signal,
    metadata: { get: (name: string) => metadata[name] },
  };
}

test("a refresh answers with the successor and its expiry", async () => {
  await using gateway = await startTokens();
  const { refreshSandboxToken } = createTokenHandlers(gateway);
  const call = await callWith(gateway);
  const answer = await refreshSandboxToken(create(RefreshSandboxTokenRequestSchema), call);
  const current = await gateway.tokens.currentToken(call.principal.sandboxId);
  expect(answer).toEqual({ token: current?.reveal(), expiresAtMs: BigInt(gateway.clock.now() + 3_600_000) });
});

test.each([
  ["a word of a conflict", { "openshell-token-conflict": "1" }, "token-reused"],
  ["an empty one", { "openshell-token-conflict": "" }, undefined],
  ["none", {}, undefined],
])("after its successor was presented, a token refreshes with %s as it must", async (_what, metadata, reason) => {
  await using gateway = await startTokens();
  const { refreshSandboxToken } = createTokenHandlers(gateway);
  const call = await callWith(gateway, metadata);
  const successor = await gateway.tokens.refresh(call.principal, { conflict: false });
  await gateway.present(successor.token);
  const again = async () => refreshSandboxToken(create(RefreshSandboxTokenRequestSchema), call);
  if (reason) await expect(again()).rejects.toMatchObject({ reason });
  else expect(await again()).toMatchObject({ token: successor.token.reveal() });
});

test("extension tokens are refused in words, and the caller's token is not spent on it", async () => {
  await using gateway = await startTokens();
  const { refreshSandboxToken } = createTokenHandlers(gateway);
  const call = await callWith(gateway);
  const request = create(RefreshSandboxTokenRequestSchema, { extensionServiceNames: ["guard"] });
  const asking = async () => refreshSandboxToken(request, call);
  await expect(asking()).rejects.toMatchObject({ code: "unimplemented", message: /extension_service_names/ });
  await expect(refreshSandboxToken(create(RefreshSandboxTokenRequestSchema), call)).resolves.toBeDefined();
});

test("T3: a gateway token does not bootstrap another", async () => {
  await using gateway = await startTokens();
  const { issueSandboxToken } = createTokenHandlers(gateway);
  const call = await callWith(gateway);
  const asking = async () => issueSandboxToken(create(IssueSandboxTokenRequestSchema), call);
  await expect(asking()).rejects.toMatchObject({
    code: "permission_denied",
    message: "this principal cannot mint a sandbox token; use RefreshSandboxToken",
  });
});
