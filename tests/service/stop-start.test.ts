import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SandboxPhase } from "../../gen/openshell/v1/sandboxes_pb.ts";
import { startTestGateway, type TestGateway } from "../support/gateway.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { openSession, phasesUntil, refusalOf } from "./sandbox-life.ts";

const { READY, STARTING, STOPPED, STOPPING } = SandboxPhase;

/** What requirement T5 allows from the stop to the end of tokens and streams, in milliseconds. */
const allowedMs = 1_000;

describe("a gateway", () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await startTestGateway();
  });
  afterAll(() => gateway[Symbol.asyncDispose]());

  const asSandbox = (token: string) => gateway.client(token, gateway.sandboxesUrl);

  test("A-41: a stop ends the sandbox's tokens and streams within a second, for every method", async () => {
    const { id, name, token } = await gateway.createSandbox("ended");
    const old = await token();
    const session = await openSession(gateway, old);
    const watching = phasesUntil(gateway, id, STOPPED);
    const { token: refreshed } = await asSandbox(old).refreshSandboxToken({});

    const begun = performance.now();
    const { sandbox } = await gateway.client().stopSandbox({ name });
    expect(sandbox?.status?.phase).toBe(STOPPING);
    const { code } = await session.ended;
    expect(code).toBe("Unauthenticated");
    expect(performance.now() - begun).toBeLessThan(allowedMs);
    for (const one of [old, refreshed]) {
      expect(await refusalOf(asSandbox(one).getSandboxConfig({ sandboxId: id }))).toMatchObject({
        code: "Unauthenticated",
      });
      expect(await refusalOf(asSandbox(one).refreshSandboxToken({}))).toMatchObject({ code: "Unauthenticated" });
      expect(await refusalOf(openSession(gateway, one))).toMatchObject({ code: "Unauthenticated" });
    }
    expect((await watching).slice(-2)).toEqual(["STOPPING", "STOPPED"]);
  });

  test("weakness 38: a session ends with its sandbox's stop, not with the next heartbeat that fails", async () => {
    const { name, token } = await gateway.createSandbox("streaming");
    const sessions = [await openSession(gateway, await token())];
    const begun = performance.now();
    await gateway.client().stopSandbox({ name });
    await Promise.all(sessions.map(({ ended }) => ended));
    expect(performance.now() - begun).toBeLessThan(allowedMs);
  });

  test("refreshes that are under way while it stops leave nothing good behind", async () => {
    const { id, name, token } = await gateway.createSandbox("racing");
    const old = await token();
    const got: string[] = [old];
    const chain = async () => {
      for (let mine = old; ; got.push(mine)) ({ token: mine } = await asSandbox(mine).refreshSandboxToken({}));
    };
    const refreshing = Array.from({ length: 5 }, () => refusalOf(chain()));
    await gateway.client().stopSandbox({ name });
    for (const { code } of await Promise.all(refreshing))
      expect(["Unauthenticated", "ResourceExhausted"]).toContain(code);
    for (const one of new Set(got)) {
      expect(await refusalOf(asSandbox(one).getSandboxConfig({ sandboxId: id }))).toMatchObject({
        code: "Unauthenticated",
      });
    }
  });

  test("a start gives it a new token; the old one stays dead, and the hello makes it READY", async () => {
    const { id, name, token } = await gateway.createSandbox("again");
    const old = await token();
    await gateway.client().stopSandbox({ name });
    await phasesUntil(gateway, id, STOPPED);
    const { sandbox } = await gateway.client().startSandbox({ name });
    expect(sandbox?.status?.phase).toBe(STARTING);
    await expect.poll(token, { timeout: 10_000 }).not.toBe(old);
    const session = await openSession(gateway, await token());
    await phasesUntil(gateway, id, READY);
    expect(await refusalOf(asSandbox(old).getSandboxConfig({ sandboxId: id }))).toMatchObject({
      code: "Unauthenticated",
    });
    await gateway.client().stopSandbox({ name });
    await session.ended;
  });

  test("both may be repeated", async () => {
    const { id, name } = await gateway.createSandbox("twice");
    for (let time = 0; time < 3; time += 1) await gateway.client().stopSandbox({ name });
    await phasesUntil(gateway, id, STOPPED);
    expect((await gateway.client().stopSandbox({ name })).sandbox?.status?.phase).toBe(STOPPED);
    for (let time = 0; time < 3; time += 1) await gateway.client().startSandbox({ name });
    const started = gateway.audited().filter(({ event, sandboxId }) => event === "sandbox.started" && sandboxId === id);
    expect(started).toHaveLength(1);
  });

  test("a sandbox neither stops nor starts sandboxes, itself included", async () => {
    const { id, name, token } = await gateway.createSandbox("curious");
    for (const client of [gateway.client(await token()), asSandbox(await token())]) {
      expect(await refusalOf(client.stopSandbox({ name }))).toMatchObject({ code: "PermissionDenied" });
      expect(await refusalOf(client.startSandbox({ name }))).toMatchObject({ code: "PermissionDenied" });
    }
    expect(await refusalOf(gateway.client(undefined, gateway.sandboxesUrl).stopSandbox({ name }))).toMatchObject({
      code: "Unauthenticated",
    });
    expect(await asSandbox(await token()).getSandboxConfig({ sandboxId: id })).toBeDefined();
  });

  test.each([
    [{ name: "nobody" }, "NotFound"],
    [{ name: "" }, "InvalidArgument"],
    [{ name: "Again" }, "InvalidArgument"],
    [{ name: "curious", workspace: "blue" }, "NotFound"],
  ])("%j is refused with %s", async (request, code) => {
    expect(await refusalOf(gateway.client().stopSandbox(request))).toMatchObject({ code });
    expect(await refusalOf(gateway.client().startSandbox(request))).toMatchObject({ code });
  });

  test("a sandbox that was deleted is not found", async () => {
    const { name } = await gateway.createSandbox("gone");
    await gateway.client().stopSandbox({ name });
    await gateway.client().deleteSandbox({ name });
    expect(await refusalOf(gateway.client().startSandbox({ name }))).toMatchObject({ code: "NotFound" });
  });

  test("no token is in any answer or log line of all this", () => {
    expect(gateway.logged.join("")).not.toMatch(/eyJ[A-Za-z0-9_-]{20}/);
  });
});

test("T8: a gateway that starts anew leaves a stopped sandbox stopped, and it can be started then", async () => {
  using directory = temporaryDirectory();
  const first = await startTestGateway({ directory: directory.path });
  const { id, name, token } = await first.createSandbox("kept");
  const old = await token();
  await first.client().stopSandbox({ name });
  await first[Symbol.asyncDispose]();

  const { signingKey } = first;
  await using second = await startTestGateway({ directory: directory.path, signingKey });
  await phasesUntil(second, id, STOPPED);
  const call = second.client(old, second.sandboxesUrl).getSandboxConfig({ sandboxId: id });
  expect(await refusalOf(call)).toMatchObject({ code: "Unauthenticated" });
  expect((await second.client().startSandbox({ name })).sandbox?.status?.phase).toBe(STARTING);
});

test("real supervisors end when their sandbox is stopped, and come back with a new token when it is started", async () => {
  await using gateway = await startTestGateway({ realSupervisors: true });
  const { id, name, token } = await gateway.createSandbox("real");
  await phasesUntil(gateway, id, READY);
  const old = await token();
  await gateway.client().stopSandbox({ name });
  await phasesUntil(gateway, id, STOPPED);
  expect(
    gateway.audited().some(({ event, reason }) => event === "family.revoked" && reason === "sandbox-stopped"),
  ).toBe(true);

  await gateway.client().startSandbox({ name });
  const phases = await phasesUntil(gateway, id, READY);
  expect(phases).toEqual(["STARTING", "READY"]);
  expect(await token()).not.toBe(old);
  expect(gateway.audited().filter(({ event }) => event === "token.reused")).toEqual([]);
});
