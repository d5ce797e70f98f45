import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestGateway, type TestGateway, type TestSandbox } from "../support/gateway.ts";
import { partsOf } from "../support/tokens.ts";
import { childrenOf, isAlive, ready, runningFor, supervisorOf } from "./processes.ts";

let gateway: TestGateway;
let box: TestSandbox;
const command = ["sh", "-c", "echo I am $(id -u); echo to stderr >&2; exec sleep 600"];

beforeAll(async () => {
  gateway = await startTestGateway({ realSupervisors: true, logLevel: "info" });
  box = await gateway.createSandbox("box", { command, environment: { GREETING: "hello" } });
  await ready(gateway.client(), box.id);
});
afterAll(() => gateway[Symbol.asyncDispose]());

const family = (token: string) => String(partsOf(token).payload["jti"]).split(".")[0];
const supervisor = () => supervisorOf(gateway.directory, box.id);

async function mainProcess(): Promise<number> {
  let found: number | undefined;
  await expect
    .poll(
      async () => {
        [found] = await childrenOf((await supervisor()) ?? 0);
        return (await readFile(`/proc/${found}/cmdline`, "utf8").catch(() => "")).startsWith("sleep");
      },
      { timeout: 10_000 },
    )
    .toBe(true);
  return found!;
}

test("a sandbox is ready once its supervisor said hello, and says which process of it", async () => {
  const { sandbox } = await gateway.client().getSandbox({ name: "box" });
  expect(sandbox?.status).toMatchObject({ phase: 2, mainProcessInstanceId: expect.stringMatching(/^[0-9a-f-]{36}$/) });
  expect(sandbox?.status?.conditions).toMatchObject([{ type: "Ready", status: "True" }]);
});

test("its first policy is that of the supervisor, which reports honestly that it does not enforce it", async () => {
  const config = await gateway.client().getSandboxConfig({ sandboxId: box.id });
  expect(config).toMatchObject({ version: 1, policyHash: expect.stringMatching(/^[0-9a-f]{64}$/) });
});

test("what the main process prints can be read, later and as it comes", async () => {
  const user = gateway.client();
  const lines = async () => (await user.getSandboxLogs({ sandboxId: box.id })).logs.map(({ message }) => message);
  await expect.poll(lines, { timeout: 10_000 }).toEqual(expect.arrayContaining(["to stderr"]));

  const watched: string[] = [];
  const watch = user.watchSandbox({ id: box.id, followLogs: true, logTailLines: 100 }, { timeoutMs: 10_000 });
  for await (const { payload } of watch) {
    if (payload.case === "log") watched.push(payload.value.message);
    if (watched.some((line) => line.startsWith("I am ")) && watched.includes("to stderr")) break;
  }
  expect(watched).toEqual(expect.arrayContaining([expect.stringMatching(/^I am \d+$/), "to stderr"]));
});

test.skipIf(process.getuid?.() !== 0)("the main process runs as another user than its supervisor", async () => {
  const status = await readFile(`/proc/${await mainProcess()}/status`, "utf8");
  const [uid, gid] = ["Uid", "Gid"].map((name) => new RegExp(`^${name}:\\t(.*)$`, "m").exec(status)?.[1]?.split("\t"));
  expect(new Set(uid)).toEqual(new Set(["65534"]));
  expect(new Set(gid)).toEqual(new Set(["65534"]));
  expect(/^Groups:\t(.*)$/m.exec(status)?.[1]?.trim()).toBe("");
  const file = await stat(join(gateway.directory, "sandboxes", box.id, "auth", "sandbox.jwt"));
  expect({ mode: file.mode & 0o777, uid: file.uid }).toEqual({ mode: 0o400, uid: 0 });
});

test("a supervisor that is killed is started again, with a new family, and its old token is refused", async () => {
  const [before, pid, main] = [await box.token(), (await supervisor())!, await mainProcess()];
  // Whose a process is that lost its supervisor is known of those that were seen before; the driver looks each second.
  await expect.poll(() => runningFor(main), { timeout: 10_000 }).toBeGreaterThan(1.5);
  process.kill(pid, "SIGKILL");
  await expect.poll(async () => family(await box.token()), { timeout: 10_000 }).not.toBe(family(before));
  await expect(gateway.client(before).getSandboxConfig({ sandboxId: box.id })).rejects.toThrow("[unauthenticated]");
  await expect(gateway.client(before).refreshSandboxToken({})).rejects.toThrow("[unauthenticated]");
  await expect.poll(supervisor, { timeout: 10_000 }).not.toBe(undefined);
  expect(await supervisor()).not.toBe(pid);
  await ready(gateway.client(), box.id);
  expect(await isAlive(main), "what the dead supervisor had started").toBe(false);
});

test("a thief who refreshes a stolen token and takes the session's place loses both, and the supervisor goes on", async () => {
  const [stolen, pid] = [await box.token(), (await supervisor())!];
  // The thief is faster: the supervisor stands still meanwhile.
  process.kill(pid, "SIGSTOP");
  const { token: loot } = await gateway.client(stolen).refreshSandboxToken({});
  const hello = { payload: { case: "hello", value: { sandboxId: box.id, instanceId: "thief" } } } as const;
  const thief = gateway.client(loot).connectSupervisor(forever(hello));
  const ending = (async () => {
    for await (const { payload } of thief) if (payload.case === "sessionAccepted") process.kill(pid, "SIGCONT");
  })();
  await expect(ending).rejects.toThrow("[unauthenticated]");
  await expect.poll(async () => family(await box.token()), { timeout: 10_000 }).not.toBe(family(stolen));
  for (const token of [stolen, loot]) {
    await expect(gateway.client(token).getSandboxConfig({ sandboxId: box.id })).rejects.toThrow("[unauthenticated]");
  }
  expect(gateway.audited()).toContainEqual(
    expect.objectContaining({ event: "token.reused", sandboxId: box.id, reason: "token-conflict" }),
  );
  await ready(gateway.client(), box.id);
  expect(await supervisor(), "it was not started again for that").toBe(pid);
});

async function* forever<T>(first: T): AsyncGenerator<T> {
  yield first;
  await new Promise(() => undefined);
}

test("a deletion ends the supervisor and all that it started, and takes its token away", async () => {
  const [token, pid, main] = [await box.token(), (await supervisor())!, await mainProcess()];
  await gateway.client().deleteSandbox({ name: "box" });
  expect([await isAlive(pid), await isAlive(main)]).toEqual([false, false]);
  await expect(stat(join(gateway.directory, "sandboxes", box.id))).rejects.toThrow("ENOENT");
  await expect(gateway.client(token).getSandboxConfig({ sandboxId: box.id })).rejects.toThrow("[unauthenticated]");
});
