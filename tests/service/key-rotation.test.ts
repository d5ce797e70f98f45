import { setTimeout as wait } from "node:timers/promises";
import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { systemClock } from "../../src/core/clock.ts";
import { silentLog } from "../../src/core/log.ts";
import { generateSigningKey } from "../../src/tokens/index.ts";
import { createReloadingKeyRing } from "../../src/tokens/keys/index.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { startTestGateway, type TestGateway, type TestSandbox } from "../support/gateway.ts";
import { KeyDirectory, threeFiles } from "../support/key-directory.ts";
import { partsOf } from "../support/tokens.ts";

const patience = { timeout: 10_000 };

/** A gateway that serves with the keys of a directory. */
async function startWithKeys() {
  const life = new AsyncDisposableStack();
  const files = life.use(new KeyDirectory({ clock: new FakeClock(Date.now()) }));
  const keys = life.use(await createReloadingKeyRing({ paths: files.paths, clock: systemClock, log: silentLog }));
  const limit = 1_000_000;
  const gateway = life.use(
    await startTestGateway({ keys, settings: { tokens: { refreshPerMinute: limit, refreshBurst: limit } } }),
  );
  const published = async () => {
    const answer = await fetch(`${gateway.url}/.well-known/jwks.json`);
    return ((await answer.json()) as { keys: { kid: string }[] }).keys.map(({ kid }) => kid).sort();
  };
  /** Asks for a sandbox's configuration with a token, as its supervisor does. */
  const use = (sandbox: TestSandbox, token: string) =>
    gateway.client(token, gateway.sandboxesUrl).getSandboxConfig({ sandboxId: sandbox.id });
  return { files, keys, gateway, published, use, [Symbol.asyncDispose]: () => life.disposeAsync() };
}

const keyOf = (token: string) => partsOf(token).header["kid"];

/** A supervisor that refreshes so often, uses each token that it gets, and remembers what failed. */
function busySupervisor(gateway: TestGateway, sandbox: TestSandbox, perSecond: number) {
  const failures: unknown[] = [];
  let token = "";
  let refreshes = 0;
  let isOver = false;
  const run = async () => {
    token = await sandbox.token();
    while (!isOver) {
      const pace = wait(1000 / perSecond);
      try {
        ({ token } = await gateway.client(token, gateway.sandboxesUrl).refreshSandboxToken({}));
        await gateway.client(token, gateway.sandboxesUrl).getSandboxConfig({ sandboxId: sandbox.id });
        refreshes += 1;
      } catch (error) {
        failures.push(error);
      }
      await pace;
    }
  };
  const running = run();
  return {
    failures,
    keyId: () => (token === "" ? "" : keyOf(token)),
    refreshes: () => refreshes,
    async end() {
      isOver = true;
      await running;
    },
  };
}

test("keys are prepared, activated and retired while sandboxes refresh all the time, and no call fails", async () => {
  await using serving = await startWithKeys();
  const { files, gateway, published } = serving;
  const sandboxes = await Promise.all(Array.from({ length: 10 }, () => gateway.createSandbox()));
  const supervisors = sandboxes.map((sandbox) => busySupervisor(gateway, sandbox, 5));
  try {
    for (let rotation = 0; rotation < 3; rotation += 1) {
      const [before = ""] = await files.idsOf("active");
      await files.run("prepare");
      const [next = ""] = await files.idsOf("next");
      await expect.poll(published, patience).toEqual([before, next].sort());
      await files.run("activate", { force: true });
      await expect.poll(() => supervisors.every(({ keyId }) => keyId() === next), patience).toBe(true);
      expect(await published()).toEqual([before, next].sort());
      await files.run("retire", { force: true });
      await expect.poll(published, patience).toEqual([next]);
    }
  } finally {
    await Promise.all(supervisors.map((supervisor) => supervisor.end()));
  }
  const refreshes = supervisors.reduce((sum, supervisor) => sum + supervisor.refreshes(), 0);
  expect(supervisors.flatMap(({ failures }) => failures)).toEqual([]);
  expect(refreshes).toBeGreaterThan(100);
}, 90_000);

test("a token of a retiring key is good, and is refreshed into one of the active key", async () => {
  await using serving = await startWithKeys();
  const { files, keys, gateway, use } = serving;
  const sandbox = await gateway.createSandbox();
  const token = await sandbox.token();
  await files.run("prepare");
  await files.run("activate", { force: true });
  await keys.reload();
  await use(sandbox, token);
  const { token: successor } = await gateway.client(token, gateway.sandboxesUrl).refreshSandboxToken({});
  expect([keyOf(token), keyOf(successor)]).toEqual([files.first.keyId, keys.active.keyId]);
  await use(sandbox, successor);
});

test("files that were replaced by hand end no token", async () => {
  await using serving = await startWithKeys();
  const { files, gateway, published, use } = serving;
  const sandbox = await gateway.createSandbox();
  const token = await sandbox.token();
  const other = generateSigningKey();
  files.put(threeFiles(other));
  await expect.poll(published, patience).toEqual([files.first.keyId, other.keyId].sort());
  await use(sandbox, token);
  const { token: successor } = await gateway.client(token, gateway.sandboxesUrl).refreshSandboxToken({});
  expect(keyOf(successor)).toBe(other.keyId);
});

test("a revoked key's tokens end at once, their sandboxes get new ones, and others go on", async () => {
  await using serving = await startWithKeys();
  const { files, keys, gateway, use } = serving;
  const sandboxes = await Promise.all(Array.from({ length: 5 }, () => gateway.createSandbox()));
  const old = await Promise.all(sandboxes.map((sandbox) => sandbox.token()));
  await files.run("prepare");
  await files.run("activate", { force: true });
  await keys.reload();
  const other = await gateway.createSandbox();
  const unaffected = await other.token();

  await files.run("revoke", { keyId: files.first.keyId });
  await keys.reload();
  for (const [at, sandbox] of sandboxes.entries()) {
    await expect(use(sandbox, old[at]!)).rejects.toMatchObject({ code: Code.Unauthenticated });
  }
  const current = () => Promise.all(sandboxes.map(async (sandbox) => keyOf(await sandbox.token())));
  await expect.poll(current, patience).toEqual(sandboxes.map(() => keys.active.keyId));
  for (const sandbox of sandboxes) await use(sandbox, await sandbox.token());
  await use(other, unaffected);
  expect(await other.token()).toBe(unaffected);
  const ended = gateway.audited().filter(({ event }) => event === "family.revoked");
  expect(ended.map(({ reason }) => reason)).toEqual(sandboxes.map(() => "key-revoked"));
});

test("a change of the files that is no good leaves the gateway serving as it was", async () => {
  await using serving = await startWithKeys();
  const { files, keys, gateway, published, use } = serving;
  const sandbox = await gateway.createSandbox();
  const token = await sandbox.token();
  files.put({ "ring.json": '{"version": 1, "keys": [' });
  await keys.reload();
  await use(sandbox, token);
  await gateway.client(token, gateway.sandboxesUrl).refreshSandboxToken({});
  expect(await published()).toEqual([files.first.keyId]);
});
