import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freePort } from "../support/free-port.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { type GatewayProgram, startGatewayProgram } from "./gateway-program.ts";
import { isAlive, ready, supervisorOf } from "./processes.ts";

const life = new AsyncDisposableStack();
let gateway: GatewayProgram;
let start: () => Promise<GatewayProgram>;
let kept = "";
/** Tokens that must never be good again: replaced by a refresh, ended by a deletion. */
let dead: string[] = [];

const tokenOf = async (id: string) =>
  (await readFile(join(gateway.stateDir, "sandboxes", id, "auth", "sandbox.jwt"), "utf8")).trim();

async function create(name: string): Promise<string> {
  const { sandbox } = await gateway.client().createSandbox({ name, spec: { command: ["sleep", "600"] } });
  const id = sandbox?.metadata?.id ?? "";
  await ready(gateway.client(), id);
  return id;
}

beforeAll(async () => {
  const home = life.use(temporaryDirectory()).path;
  const port = await freePort();
  start = () => startGatewayProgram(home, port);
  gateway = await start();
  life.defer(() => gateway[Symbol.asyncDispose]());

  kept = await create("kept");
  const gone = await create("gone");
  const refreshed = await tokenOf(kept);
  await gateway.client(refreshed).refreshSandboxToken({});
  dead = [refreshed, await tokenOf(gone)];
  await gateway.client().deleteSandbox({ name: "gone" });
});
afterAll(() => life.disposeAsync());

/** The sandbox that was kept is back, and nothing that was ended is. */
async function expectRestored(): Promise<void> {
  await ready(gateway.client(), kept);
  const { sandboxes } = await gateway.client().listSandboxes({});
  expect(sandboxes.map(({ metadata }) => metadata?.name)).toEqual(["kept"]);
  await gateway.client(await tokenOf(kept)).getSandboxConfig({ sandboxId: kept });
  for (const token of dead) {
    await expect(gateway.client(token).getSandboxConfig({ sandboxId: kept })).rejects.toThrow("[unauthenticated]");
  }
  await expect(gateway.client(dead[1]).refreshSandboxToken({})).rejects.toThrow("[unauthenticated]");
}

test("a gateway that is stopped and started again brings its sandboxes back, and nothing that was revoked", async () => {
  const supervisor = (await supervisorOf(gateway.stateDir, kept))!;
  expect(await gateway.end("SIGTERM")).toBe(0);
  expect(await isAlive(supervisor), "its supervisors end with it").toBe(false);
  gateway = await start();
  await expectRestored();
});

test("a gateway that is killed comes back the same, and leaves no second supervisor behind", async () => {
  const supervisor = (await supervisorOf(gateway.stateDir, kept))!;
  expect(await gateway.end("SIGKILL")).toBe(null);
  gateway = await start();
  await expect.poll(() => supervisorOf(gateway.stateDir, kept), { timeout: 10_000 }).not.toBe(supervisor);
  await expectRestored();
  expect(await isAlive(supervisor)).toBe(false);
});

test("a gateway that is killed in the middle of a deletion finishes it, and what was refused stays refused", async () => {
  const doomed = await create("doomed");
  const token = await tokenOf(doomed);
  const deletion = gateway
    .client()
    .deleteSandbox({ name: "doomed" })
    .catch(() => undefined);
  await expect
    .poll(() => gateway.client(token).getSandboxConfig({ sandboxId: doomed }).catch(String), { interval: 5 })
    .toContain("[unauthenticated]");
  await gateway.end("SIGKILL");
  await deletion;
  gateway = await start();
  const names = async () => (await gateway.client().listSandboxes({})).sandboxes.map(({ metadata }) => metadata?.name);
  await expect.poll(names, { timeout: 10_000 }).toEqual(["kept"]);
  dead.push(token);
  await expectRestored();
});

test("its output tells neither token nor key, and how to use it", () => {
  expect(gateway.output()).toContain(`curl -d '{}' -H 'content-type: application/json' ${gateway.url}`);
  expect(gateway.output()).not.toMatch(/eyJ|PRIVATE KEY/);
});
