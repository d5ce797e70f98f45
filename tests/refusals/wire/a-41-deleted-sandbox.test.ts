import { Code, ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "vitest";
import { OpenShell } from "../../../gen/openshell/v1/openshell_pb.ts";
import { startTestGateway, type TestGateway } from "../../support/gateway.ts";
import { bearer, protocols } from "../../support/protocols.ts";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway[Symbol.asyncDispose]());

const { getSandboxConfig, refreshSandboxToken, pushSandboxLogs, connectSupervisor } = OpenShell.method;
const withinMs = 1_000;

/** A promise that settles within a second; what it settles to. */
function soon<T>(promise: Promise<T>): Promise<T> {
  return Promise.race([
    promise,
    new Promise<never>((_, reject) => {
      setTimeout(() => reject(new Error(`not within ${withinMs} ms`)), withinMs).unref();
    }),
  ]);
}

const codeOf = (thrown: unknown) => (thrown instanceof ConnectError ? thrown.code : thrown);

/** What a stream that is held open ends with. */
async function endOf(stream: AsyncIterable<unknown>, begun: () => void): Promise<unknown> {
  try {
    for await (const _ of stream) begun();
    return "ended";
  } catch (thrown) {
    return codeOf(thrown);
  }
}

/** Frames whose last one never comes. */
async function* openEnded<T>(first: T, sent: () => void): AsyncGenerator<T> {
  yield first;
  sent();
  await new Promise(() => undefined);
}

test("A-41: after its deletion a sandbox's newest token is refused at once, for calls, streams and its refresh", async () => {
  const sandbox = await gateway.createSandbox();
  const { token } = await gateway.client(await sandbox.token()).refreshSandboxToken({});
  await gateway.client(token).getSandboxConfig({ sandboxId: sandbox.id });
  await gateway.client().deleteSandbox({ name: sandbox.name });
  const headers = bearer(token);
  const sandboxId = sandbox.id;
  for (const protocol of protocols) {
    const url = gateway.sandboxesUrl;
    const answers = [
      await protocol.call(url, getSandboxConfig, [{ sandboxId }], { headers }),
      await protocol.call(url, refreshSandboxToken, [{}], { headers }),
      await protocol.call(url, pushSandboxLogs, [{ sandboxId, logs: [] }], { headers }),
      await protocol.call(
        url,
        connectSupervisor,
        [{ payload: { case: "hello", value: { sandboxId, instanceId: "x" } } }],
        { headers },
      ),
    ];
    for (const { code, message } of answers) {
      expect({ code, message }, protocol.name).toEqual({ code: "unauthenticated", message: "invalid token" });
    }
  }
});

test("A-41: a deletion ends the sandbox's open streams within a second, and its watchers' too", async () => {
  const sandbox = await gateway.createSandbox();
  const sandboxId = sandbox.id;
  const supervisor = gateway.client(await sandbox.token());
  const [accepted, pushed, watched] = [0, 1, 2].map(() => Promise.withResolvers<void>());
  const hello = { payload: { case: "hello", value: { sandboxId, instanceId: "x" } } } as const;
  const session = endOf(supervisor.connectSupervisor(openEnded(hello, () => undefined)), accepted!.resolve);
  const line = { sandboxId, level: "INFO", message: "it runs" };
  const push = supervisor
    .pushSandboxLogs(openEnded({ sandboxId, logs: [line] }, pushed!.resolve))
    .then(() => "ended", codeOf);
  const watch = endOf(gateway.client().watchSandbox({ id: sandboxId, followStatus: true }), watched!.resolve);
  await Promise.all([accepted!.promise, pushed!.promise, watched!.promise]);
  await expect
    .poll(async () => (await gateway.client().getSandboxLogs({ sandboxId })).logs.map(({ message }) => message))
    .toContain("it runs");

  const deletion = gateway.client().deleteSandbox({ name: sandbox.name });
  expect(await soon(Promise.all([session, push, watch]))).toEqual([
    Code.Unauthenticated,
    Code.Unauthenticated,
    "ended",
  ]);
  expect(await deletion).toMatchObject({ deleted: true });
});

test("A-41: a new sandbox of the same name has a new id, and nothing that the old token is good for", async () => {
  const old = await gateway.createSandbox("phoenix");
  const token = await old.token();
  await gateway.client().deleteSandbox({ name: "phoenix" });
  const young = await gateway.createSandbox("phoenix");
  expect(young.id).not.toBe(old.id);
  for (const sandboxId of [old.id, young.id]) {
    await expect(gateway.client(token).getSandboxConfig({ sandboxId })).rejects.toThrow("[unauthenticated]");
  }
  const sync = { name: "phoenix", policy: { version: 1 } };
  await expect(gateway.client(token).updateConfig(sync)).rejects.toThrow("[unauthenticated]");
  await expect(gateway.client(token).refreshSandboxToken({})).rejects.toThrow("[unauthenticated]");
  await gateway.client(await young.token()).getSandboxConfig({ sandboxId: young.id });
});
