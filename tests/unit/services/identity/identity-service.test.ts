import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  IdentityService,
  type ListTokenFamiliesRequestSchema,
  ListTokenFamiliesResponseSchema,
  type RevokeSandboxTokensRequestSchema,
  RevokeSandboxTokensResponseSchema,
  type RevokeTokenFamilyRequestSchema,
  RevokeTokenFamilyResponseSchema,
} from "../../../../gen/openshell/identity/v1/identity_pb.ts";
import type { BoundMethod } from "../../../../src/access/index.ts";
import { newFamilyId, newSandboxId } from "../../../../src/core/ids.ts";
import { anonymous, type Principal } from "../../../../src/core/principal.ts";
import { identityService } from "../../../../src/services/identity/index.ts";
import { sandboxPrincipal, userPrincipal } from "../../../support/principals.ts";
import { type SandboxWorld, sandboxWorld } from "../../../support/sandbox-world.ts";

const roles = { adminRole: "openshell-admin", userRole: "openshell-user", enforceScopes: true };
const admin = userPrincipal();
const ada = "user:https://idp.example/ada";

let world: SandboxWorld;
let methods: readonly BoundMethod[];

beforeEach(async () => {
  world = await sandboxWorld();
  const { registry, audited, clock } = world;
  ({ methods } = identityService(world).bind({
    ...{ directory: registry, roles, clock, firstFrameMs: 1_000, openLease: () => undefined },
    audit: (event) => void audited.push(event),
  }));
});
afterEach(async () => {
  await world.lifecycle[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

/** Calls a method as a transport does, guard and all. */
async function call(name: string, request: Record<string, unknown>, principal: Principal): Promise<object> {
  const method = methods.find(({ method }) => method.localName === name);
  if (method?.kind !== "unary") throw new Error(`${name} is no unary method`);
  const message = create(method.method.input, request);
  const metadata = { get: () => undefined };
  return method.invoke(message, { principal, metadata, signal: new AbortController().signal, peer: "127.0.0.1" });
}

type Init<T extends Parameters<typeof create>[0]> = MessageInitShape<T>;

const list = async (request: Init<typeof ListTokenFamiliesRequestSchema> = {}, as: Principal = admin) =>
  create(ListTokenFamiliesResponseSchema, await call("listTokenFamilies", request, as)).families;
const revokeFamily = async (request: Init<typeof RevokeTokenFamilyRequestSchema>, as: Principal = admin) =>
  create(RevokeTokenFamilyResponseSchema, await call("revokeTokenFamily", request, as)).family;
const revokeSandbox = async (request: Init<typeof RevokeSandboxTokensRequestSchema>, as: Principal = admin) =>
  create(RevokeSandboxTokensResponseSchema, await call("revokeSandboxTokens", request, as));

describe("nobody but administrators", () => {
  const user = userPrincipal({ roles: ["openshell-user"] });
  const requests = [
    ["listTokenFamilies", {}, "identity:read"],
    ["revokeTokenFamily", { familyId: newFamilyId() }, "identity:write"],
    ["revokeSandboxTokens", { sandbox: "a" }, "identity:write"],
  ] as const;

  test.each(requests)("calls %s", async (name, request, scope) => {
    const { id } = await world.made();
    for (const [principal, reason] of [
      [user, "role-missing"],
      [userPrincipal({ scopes: ["sandbox:write"] }), "scope-missing"],
      [sandboxPrincipal(id), "user-principal-required"],
      [anonymous, "credential-missing"],
    ] as const) {
      await expect(call(name, request, principal)).rejects.toMatchObject({ reason });
    }
    expect(await world.store.families.ofSandbox(id)).toHaveLength(1);
    const answer = call(name, request, userPrincipal({ scopes: [scope] }));
    await (name === "revokeTokenFamily"
      ? expect(answer).rejects.toMatchObject({ reason: "not-found" })
      : expect(answer).resolves.toBeDefined());
  });

  test("the scope to read does not suffice to revoke", async () => {
    await world.made();
    const reader = userPrincipal({ scopes: ["identity:read"] });
    await expect(revokeSandbox({ sandbox: "a" }, reader)).rejects.toMatchObject({ reason: "scope-missing" });
  });

  test("every method of the service has its row", () => {
    expect(methods.map(({ method }) => method)).toEqual(IdentityService.methods);
    for (const { row } of methods) expect(row).toMatchObject({ mode: "bearer", globalRole: "platform_admin" });
  });
});

describe("ListTokenFamilies", () => {
  test("says all that is known of a family, and nothing of its token (T7)", async () => {
    const { id } = await world.made({ name: "box" });
    const families = await list();
    const now = BigInt(world.clock.now());
    expect(families).toMatchObject([
      {
        sandboxId: id,
        sandboxName: "box",
        workspace: "default",
        generation: 0n,
        issuedAtMs: now,
        expiresAtMs: now + 3_600_000n,
        presented: false,
        revokedAtMs: 0n,
        revokedFor: "",
      },
    ]);
    expect(families[0]?.keyId).toMatch(/^[0-9a-f]{32}$/);
    const answer = JSON.stringify(families, (_key, value) => (typeof value === "bigint" ? `${value}` : value));
    for (const part of world.driver.files.get(id)!.reveal().split(".")) expect(answer).not.toContain(part);
  });

  test("of each sandbox the live one comes first, then those that ended, with why", async () => {
    const [b] = [await world.made({ name: "b" }), await world.made({ name: "a" })];
    await world.clock.advance(1_000);
    await world.lifecycle.renewToken(b.id);
    expect((await list()).map(({ sandboxName, revokedFor }) => [sandboxName, revokedFor])).toEqual([
      ["a", ""],
      ["b", ""],
      ["b", "superseded-family"],
    ]);
  });

  test("those of one sandbox alone, by its name", async () => {
    const [a] = [await world.made({ name: "a" }), await world.made({ name: "b" })];
    expect((await list({ sandbox: "a" })).map(({ sandboxId }) => sandboxId)).toEqual([a.id]);
    await expect(list({ sandbox: "nobody" })).rejects.toMatchObject({ reason: "sandbox-missing" });
    await expect(list({ sandbox: "A" })).rejects.toMatchObject({ reason: "request-invalid" });
  });

  test("those of sandboxes that are gone are listed over all workspaces alone", async () => {
    const { id } = await world.made();
    await world.lifecycle.remove(id, admin);
    expect(await list()).toEqual([]);
    expect(await list({ allWorkspaces: true })).toMatchObject([
      { sandboxId: id, sandboxName: "", workspace: "", revokedFor: "sandbox-deleted" },
    ]);
    await expect(list({ workspace: "blue" })).rejects.toMatchObject({ reason: "not-found" });
  });

  test("a page at a time", async () => {
    for (const name of ["a", "b", "c"]) await world.made({ name });
    const names = async (page: object) => (await list(page)).map(({ sandboxName }) => sandboxName);
    expect(await names({ limit: 2 })).toEqual(["a", "b"]);
    expect(await names({ limit: 2, offset: 2 })).toEqual(["c"]);
    expect(await names({ offset: 3 })).toEqual([]);
    expect(await names({ limit: 4_294_967_295 })).toEqual(["a", "b", "c"]);
  });

  test("where the store does not answer, neither is the list", async () => {
    await world.store[Symbol.asyncDispose]();
    await expect(list()).rejects.toMatchObject({ code: "unavailable" });
  });
});

describe("RevokeTokenFamily", () => {
  test("ends the family in the administrator's name, and says so again when it is repeated", async () => {
    const { id } = await world.made();
    const [{ familyId = "" } = {}] = await list();
    const family = await revokeFamily({ familyId });
    expect(family).toMatchObject({
      familyId,
      sandboxId: id,
      revokedFor: "operator",
      revokedAtMs: BigInt(world.clock.now()),
    });
    await world.clock.advance(5_000);
    expect(await revokeFamily({ familyId })).toEqual(family);
    expect(await world.tokens.currentToken(id)).toBeUndefined();
    expect(world.audited.filter(({ event }) => event === "family.revoked")).toEqual([
      { event: "family.revoked", principal: ada, sandboxId: id, familyId, reason: "operator" },
    ]);
  });

  test("keeps the cause of one that had ended before", async () => {
    const { id } = await world.made();
    const [{ familyId = "" } = {}] = await list();
    await world.lifecycle.remove(id, admin);
    expect(await revokeFamily({ familyId })).toMatchObject({ revokedFor: "sandbox-deleted" });
  });

  test.each(["", "x", newFamilyId().toUpperCase(), `${newFamilyId()}.0`, `${newFamilyId()} `])(
    "refuses %j, which is no family's id",
    async (familyId) => {
      await expect(revokeFamily({ familyId })).rejects.toMatchObject({ reason: "request-invalid" });
    },
  );

  test("does not know a family that never was, and no sandbox by its id", async () => {
    const { id } = await world.made();
    for (const familyId of [newFamilyId(), newSandboxId(), id]) {
      await expect(revokeFamily({ familyId })).rejects.toMatchObject({ reason: "not-found" });
    }
    expect(await world.store.families.ofSandbox(id)).toHaveLength(1);
  });
});

describe("RevokeSandboxTokens", () => {
  test("ends what is live, and the sandbox gets a new family", async () => {
    const { id } = await world.made();
    const old = world.driver.files.get(id)!;
    const { families, renews } = await revokeSandbox({ sandbox: "a" });
    expect([families.map(({ revokedFor }) => revokedFor), renews]).toEqual([["operator"], true]);
    await world.lifecycle[Symbol.asyncDispose]();
    expect(world.driver.files.get(id)?.equals(old)).toBe(false);
    expect(await world.store.families.ofSandbox(id)).toHaveLength(1);
    expect(world.audited).toContainEqual(expect.objectContaining({ event: "family.revoked", principal: ada }));
  });

  test("withholds a new one where that is asked", async () => {
    const { id } = await world.made();
    const { families, renews } = await revokeSandbox({ sandbox: "a", withhold: true });
    expect([families.length, renews]).toEqual([1, false]);
    await world.keeper.look();
    expect(await world.store.families.ofSandbox(id)).toEqual([]);
  });

  test("names a sandbox that is there, by its name alone", async () => {
    const { id } = await world.made();
    for (const sandbox of ["", "nobody", id, "a ", "A"]) {
      await expect(revokeSandbox({ sandbox })).rejects.toMatchObject({
        reason: expect.stringMatching(/^(request-invalid|sandbox-missing)$/),
      });
    }
    await expect(revokeSandbox({ sandbox: "a", workspace: "blue" })).rejects.toMatchObject({
      reason: "sandbox-missing",
    });
    expect(await world.store.families.ofSandbox(id)).toHaveLength(1);
  });
});
