import { cp } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { generateSigningKey } from "../../../src/tokens/index.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { startTestGateway, type TestGateway, type TestGatewayOptions } from "../../support/gateway.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

const refresh = async (gateway: TestGateway, token: string) =>
  (await gateway.client(token).refreshSandboxToken({})).token;

async function sameInstallation() {
  const home = await temporaryDirectory();
  const signingKey = generateSigningKey();
  const start = (options: TestGatewayOptions = {}) =>
    startTestGateway({ directory: home.path, signingKey, ...options });
  return { start, home, [Symbol.dispose]: () => home[Symbol.dispose]() };
}

test("A-40: a gateway that ends between storing a successor and answering gives the same one to the retry", async () => {
  using installation = await sameInstallation();
  const before = await installation.start();
  const { id, token } = await before.createSandbox();
  const first = await token();
  const stored = () => before.audited().some(({ event }) => event === "token.refreshed");
  before.driver.held.set("deliverToken", new Promise(() => undefined));
  const unanswered = refresh(before, first).catch((error: unknown) => String(error));
  await expect.poll(stored).toBe(true);
  await before[Symbol.asyncDispose]();
  expect(await unanswered).toMatch(/unavailable|canceled|aborted|unknown/);

  await using after = await installation.start();
  await expect(after.client(first).getSandboxConfig({ sandboxId: id })).rejects.toThrow("unauthenticated");
  const successor = await refresh(after, first);
  expect(after.driver.files.get(id)?.reveal()).toBe(successor);
  await after.client(successor).getSandboxConfig({ sandboxId: id });
});

test("A-40: a token that is ahead of a restored store is refused, and its sandbox gets one that is good", async () => {
  using installation = await sameInstallation();
  const clock = new FakeClock();
  const database = ["openshell.db", "openshell.db-wal", "openshell.db-shm"];
  const copy = async (from: string, to: string) => {
    for (const name of database) await cp(join(from, name), join(to, name), { force: true }).catch(ignoreMissing);
  };
  using backup = await temporaryDirectory();

  const one = await installation.start({ clock });
  const { id } = await one.createSandbox();
  const first = one.driver.files.get(id)!.reveal();
  await one[Symbol.asyncDispose]();
  await copy(installation.home.path, backup.path);

  const two = await installation.start({ clock });
  await clock.advance(5_000);
  const ahead = await refresh(two, first);
  await two[Symbol.asyncDispose]();
  await copy(backup.path, installation.home.path);

  await clock.advance(5_000);
  await using three = await installation.start({ clock });
  await expect(three.client(ahead).getSandboxConfig({ sandboxId: id })).rejects.toThrow(
    "[unauthenticated] invalid token",
  );
  await expect(refresh(three, ahead)).rejects.toThrow("[unauthenticated] invalid token");
  await expect.poll(() => three.driver.files.get(id)?.reveal()).toBe(first);
  const next = await refresh(three, first);
  await three.client(next).getSandboxConfig({ sandboxId: id });
  await expect(three.client(ahead).getSandboxConfig({ sandboxId: id })).rejects.toThrow("unauthenticated");
});

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== "ENOENT") throw error;
}
