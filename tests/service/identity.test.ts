import { afterAll, beforeAll, expect, test } from "vitest";
import { IdentityService, type TokenFamily } from "../../gen/openshell/identity/v1/identity_pb.ts";
import { newFamilyId } from "../../src/core/ids.ts";
import { startTestGateway, type TestGateway } from "../support/gateway.ts";
import { partsOf } from "../support/tokens.ts";
import { identityClient, openSession, refusalOf } from "./sandbox-life.ts";

const developer = "user:local_dev/unauthenticated-local-dev";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway[Symbol.asyncDispose]());

const admin = () => identityClient(gateway.url);
const asSandbox = (token: string) => gateway.client(token, gateway.sandboxesUrl);
const listed = async (sandbox: string) => (await admin().listTokenFamilies({ sandbox })).families;
const live = (families: readonly TokenFamily[]) => families.filter(({ revokedAtMs }) => revokedAtMs === 0n);

/** A session of the sandbox, and its sandbox. */
async function connected(name: string) {
  const sandbox = await gateway.createSandbox(name);
  const token = await sandbox.token();
  return { ...sandbox, old: token, session: await openSession(gateway, token) };
}

test("a sandbox's families are listed, with whether and how far they were used", async () => {
  const { id, old } = await connected("listed");
  const { jti } = partsOf(old).payload;
  const [family, ...others] = await listed("listed");
  expect(others).toEqual([]);
  expect(family).toMatchObject({ sandboxId: id, sandboxName: "listed", generation: 0n, presented: true });
  expect(`${family?.familyId}.0`).toBe(jti);
  await asSandbox(old).refreshSandboxToken({});
  expect(await listed("listed")).toMatchObject([{ familyId: family?.familyId, generation: 1n, presented: false }]);
});

test("B4: a revoked family's session ends at once, its token is refused, and its sandbox gets a new one", async () => {
  const { id, token, old, session } = await connected("revoked");
  const [{ familyId = "" } = {}] = await listed("revoked");
  const begun = performance.now();
  const { family } = await admin().revokeTokenFamily({ familyId });
  expect(family).toMatchObject({ familyId, revokedFor: "operator" });
  expect(await session.ended).toMatchObject({ code: "Unauthenticated" });
  expect(performance.now() - begun).toBeLessThan(1_000);
  expect(await refusalOf(asSandbox(old).getSandboxConfig({ sandboxId: id }))).toMatchObject({
    code: "Unauthenticated",
  });
  expect(await refusalOf(asSandbox(old).refreshSandboxToken({}))).toMatchObject({ code: "Unauthenticated" });

  await expect.poll(token, { timeout: 10_000 }).not.toBe(old);
  expect(await asSandbox(await token()).getSandboxConfig({ sandboxId: id })).toBeDefined();
  expect(gateway.audited()).toContainEqual(
    expect.objectContaining({
      event: "family.revoked",
      principal: developer,
      sandboxId: id,
      familyId,
      reason: "operator",
    }),
  );
});

test("a sandbox's credential is taken back, and it gets a new one", async () => {
  const { id, token, old, session } = await connected("taken");
  const { families, renews } = await admin().revokeSandboxTokens({ sandbox: "taken" });
  expect([families.length, renews]).toEqual([1, true]);
  expect(await session.ended).toMatchObject({ code: "Unauthenticated" });
  await expect.poll(token, { timeout: 10_000 }).not.toBe(old);
  expect(await refusalOf(asSandbox(old).getSandboxConfig({ sandboxId: id }))).toMatchObject({
    code: "Unauthenticated",
  });
  await expect.poll(async () => live(await listed("taken")).length, { timeout: 10_000 }).toBe(1);
});

test("a credential that is withheld is given when the sandbox is started, and not before", async () => {
  const { id, name, token, old, session } = await connected("withheld");
  expect((await admin().revokeSandboxTokens({ sandbox: name, withhold: true })).renews).toBe(false);
  await session.ended;
  expect(live(await listed(name))).toEqual([]);
  const { sandbox } = await gateway.client().getSandbox({ name });
  expect(sandbox?.status?.conditions).toMatchObject([{ reason: "TokenWithheld" }]);
  expect(await token()).toBe(old);
  await gateway.client().startSandbox({ name });
  await expect.poll(token, { timeout: 10_000 }).not.toBe(old);
  expect(await asSandbox(await token()).getSandboxConfig({ sandboxId: id })).toBeDefined();
});

test("sandboxes, and whoever has no credential where sandboxes call, are refused", async () => {
  const { name, token } = await gateway.createSandbox("nosy");
  const own = await token();
  const attempts = [
    [identityClient(gateway.url, own), "PermissionDenied"],
    [identityClient(gateway.sandboxesUrl, own), "PermissionDenied"],
    [identityClient(gateway.sandboxesUrl), "Unauthenticated"],
    [identityClient(gateway.url, "no.such.token"), "Unauthenticated"],
  ] as const;
  for (const [client, code] of attempts) {
    expect(await refusalOf(client.listTokenFamilies({}))).toMatchObject({ code });
    expect(await refusalOf(client.listTokenFamilies({ sandbox: name }))).toMatchObject({ code });
    expect(await refusalOf(client.revokeTokenFamily({ familyId: newFamilyId() }))).toMatchObject({ code });
    expect(await refusalOf(client.revokeSandboxTokens({ sandbox: name }))).toMatchObject({ code });
  }
  expect(live(await listed(name))).toHaveLength(1);
});

test.each([
  ["an id that is none", { familyId: "x" }, "InvalidArgument"],
  ["no id", {}, "InvalidArgument"],
  ["a family that never was", { familyId: newFamilyId() }, "NotFound"],
])("%s is refused", async (_, request, code) => {
  expect(await refusalOf(admin().revokeTokenFamily(request))).toMatchObject({ code });
});

test.each([
  [{}, "InvalidArgument"],
  [{ sandbox: "nobody" }, "NotFound"],
  [{ sandbox: "nosy", workspace: "blue" }, "NotFound"],
])("%j names no sandbox whose tokens could be revoked", async (request, code) => {
  expect(await refusalOf(admin().revokeSandboxTokens(request))).toMatchObject({ code });
});

test("curl reads it too, over Connect", async () => {
  const response = await fetch(`${gateway.url}/${IdentityService.typeName}/ListTokenFamilies`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ sandbox: "listed" }),
  });
  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({ families: [{ sandboxName: "listed", generation: "1" }] });
});

test("its calls are counted by method", async () => {
  const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
  expect(metrics).toContain(`${IdentityService.typeName}/RevokeSandboxTokens`);
});

test("no answer, log line or metric of all this holds a token", async () => {
  const { families } = await admin().listTokenFamilies({ allWorkspaces: true, limit: 1_000 });
  const answers = JSON.stringify(families, (_key, value) => (typeof value === "bigint" ? `${value}` : value));
  expect(families.length).toBeGreaterThan(5);
  const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
  for (const text of [answers, gateway.logged.join(""), metrics]) expect(text).not.toMatch(/eyJ[A-Za-z0-9_-]{20}/);
});
