import { setTimeout as wait } from "node:timers/promises";
import { type Client, createClient, type Interceptor } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Inference } from "../../gen/openshell/inference/v1/inference_pb.ts";
import { systemClock } from "../../src/core/clock.ts";
import { newSandboxId } from "../../src/core/ids.ts";
import { silentLog } from "../../src/core/log.ts";
import { readSigningKey } from "../../src/tokens/index.ts";
import { createReloadingKeyRing } from "../../src/tokens/keys/index.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { startTestGateway, type TestGateway, type TestSandbox } from "../support/gateway.ts";
import { KeyDirectory } from "../support/key-directory.ts";
import { partsOf, spell } from "../support/tokens.ts";
import { identityClient, openSession, refusalOf } from "./sandbox-life.ts";

/** What OpenShell's gateway is known to be weak at, by the number of the interop reference, section 10.2. */

const hourMs = 3_600_000;
const leewayMs = 5_000;
/** Within this an open stream's right to go on is looked at again, in milliseconds. */
const lookMs = 5_000;
const patience = { timeout: 10_000 };

let clock: FakeClock;
let gateway: TestGateway;
let sandbox: TestSandbox;
let token: string;

beforeEach(async () => {
  clock = new FakeClock();
  gateway = await startTestGateway({ clock });
  sandbox = await gateway.createSandbox();
  token = await sandbox.token();
});
afterEach(() => gateway[Symbol.asyncDispose]());

const client = (presented: string) => gateway.client(presented, gateway.sandboxesUrl);
const served = (presented: string) => client(presented).getSandboxConfig({ sandboxId: sandbox.id });

/** Neither a sandbox's own data nor anything else is served, nor a successor given. */
async function expectRefused(presented: string): Promise<void> {
  const calls = [
    served(presented),
    inferenceClient(presented).getInferenceBundle({}),
    client(presented).refreshSandboxToken({}),
  ];
  for (const { code } of await Promise.all(calls.map(refusalOf))) expect(code).toBe("Unauthenticated");
}

/** For the one method that any credential may call, and that names no sandbox. */
function inferenceClient(presented: string): Client<typeof Inference> {
  const bearer: Interceptor = (next) => (request) => {
    request.header.set("authorization", `Bearer ${presented}`);
    return next(request);
  };
  return createClient(Inference, createGrpcTransport({ baseUrl: gateway.sandboxesUrl, interceptors: [bearer] }));
}

/** The sandbox's good token with other claims or another header, signed by the gateway's own key. */
function forged(over: { header?: object; payload?: object }): string {
  const { header, payload } = partsOf(token);
  const { privateKey } = readSigningKey(gateway.signingKey);
  return spell(
    JSON.stringify({ ...header, ...over.header }),
    JSON.stringify({ ...payload, ...over.payload }),
    privateKey,
  );
}

/** Time goes by as it does for a machine that is busy elsewhere. */
async function pass(ms: number): Promise<void> {
  clock.jump(ms);
  await clock.advance(lookMs);
}

test("weakness 1: a token has an id, a refresh ends the one before, and an administrator can take it back", async () => {
  expect(partsOf(token).payload["jti"]).toMatch(/^[0-9a-f-]{36}\.0$/);
  await served(token);
  const { token: successor } = await client(token).refreshSandboxToken({});
  expect((await refusalOf(served(token))).code).toBe("Unauthenticated");
  await served(successor);
  await identityClient(gateway.url).revokeSandboxTokens({ sandbox: sandbox.name });
  await expectRefused(successor);
});

test("weakness 2: a token that never expires is refused, though the gateway's own key signed it", async () => {
  await expectRefused(forged({ payload: { exp: 0 } }));
  await expectRefused(forged({ payload: { exp: undefined } }));
  await served(token);
});

test("weakness 3: a deleted sandbox's token is no credential any more, for methods that look no sandbox up either", async () => {
  await gateway.client().deleteSandbox({ name: sandbox.name });
  await expectRefused(token);
});

test("weakness 4: a stream ends with its token", async () => {
  const { ended } = await openSession(gateway, token);
  await pass(hourMs + leewayMs);
  expect((await ended).code).toBe("Unauthenticated");
});

test("weakness 5: keys change while the gateway serves: old tokens stay good, new ones have the new key, both are published", async () => {
  using files = new KeyDirectory({ clock: new FakeClock(Date.now()) });
  await using keys = await createReloadingKeyRing({ paths: files.paths, clock: systemClock, log: silentLog });
  await using rotating = await startTestGateway({ keys });
  const { id, token: read } = await rotating.createSandbox();
  const before = await read();
  await files.run("prepare");
  await keys.reload();
  await files.run("activate", { force: true });
  await keys.reload();
  await rotating.client(before).getSandboxConfig({ sandboxId: id });
  const { token: after } = await rotating.client(before).refreshSandboxToken({});
  await rotating.client(after).getSandboxConfig({ sandboxId: id });
  const signers = [before, after].map((one) => partsOf(one).header["kid"]);
  expect(signers).toEqual([files.first.keyId, keys.active.keyId]);
  const published = (await (await fetch(`${rotating.url}/.well-known/jwks.json`)).json()) as {
    keys: { kid: string }[];
  };
  expect(published.keys.map(({ kid }) => kid).sort()).toEqual([...signers].sort());
});

test("weakness 6: a sandbox whose token ran out has a good one in its file before long, and one that is started at once", async () => {
  await pass(2 * hourMs);
  await expectRefused(token);
  await expect
    .poll(async () => {
      await clock.advance(15_000);
      return sandbox.token();
    }, patience)
    .not.toBe(token);
  const renewed = await sandbox.token();
  await served(renewed);

  await gateway.client().stopSandbox({ name: sandbox.name });
  await pass(2 * hourMs);
  await gateway.client().startSandbox({ name: sandbox.name });
  await expect.poll(() => sandbox.token(), patience).not.toBe(renewed);
  await served(await sandbox.token());
});

test("weakness 6: a sandbox whose key was revoked has a token of another in its file", async () => {
  using files = new KeyDirectory({ clock: new FakeClock(Date.now()) });
  await using keys = await createReloadingKeyRing({ paths: files.paths, clock: systemClock, log: silentLog });
  await using rotating = await startTestGateway({ keys });
  const { id, token: read } = await rotating.createSandbox();
  await files.run("prepare");
  await files.run("activate", { force: true });
  await keys.reload();
  await files.run("revoke", { keyId: files.first.keyId });
  await keys.reload();
  await expect.poll(async () => partsOf(await read()).header["kid"], patience).toBe(keys.active.keyId);
  await rotating.client(await read()).getSandboxConfig({ sandboxId: id });
});

test("weakness 8: what the key signed for another purpose is no sandbox's token", async () => {
  await expectRefused(forged({ header: { typ: "at+jwt" } }));
  await expectRefused(forged({ payload: { aud: "openshell-extension:x" } }));
  await expectRefused(forged({ payload: { scope: "extension" } }));
  await served(token);
});

test("weakness 9: a token whose subject is not its sandbox is refused", async () => {
  await expectRefused(forged({ payload: { sub: `spiffe://openshell/sandbox/${newSandboxId()}` } }));
  await expectRefused(forged({ payload: { sandbox_id: newSandboxId() } }));
});

test("weakness 38: a stream ends within seconds when its token was short, and at once when its sandbox is deleted", async () => {
  const shortMs = 60_000;
  await using short = await startTestGateway({ clock, settings: { tokens: { ttlSeconds: shortMs / 1_000 } } });
  const expiring = await openSession(short, await (await short.createSandbox()).token());
  await pass(shortMs + leewayMs);
  expect((await expiring.ended).code).toBe("Unauthenticated");

  const deleted = await openSession(gateway, token);
  const begun = performance.now();
  await gateway.client().deleteSandbox({ name: sandbox.name });
  expect((await deleted.ended).code).toBe("Unauthenticated");
  expect(performance.now() - begun).toBeLessThan(1_000);
});

test("weakness 39: a sandbox that is being deleted has no good token, however long its driver takes", async () => {
  const { promise: removed, resolve } = Promise.withResolvers<void>();
  gateway.driver.held.set("remove", removed);
  const session = await openSession(gateway, token);
  const deletion = gateway.client().deleteSandbox({ name: sandbox.name });
  expect((await session.ended).code).toBe("Unauthenticated");
  await expectRefused(token);
  expect((await refusalOf(client(token).pushSandboxLogs(lines()))).code).toBe("Unauthenticated");
  expect((await refusalOf(openSession(gateway, token))).code).toBe("Unauthenticated");
  expect(gateway.driver.calls).toContain(`remove ${sandbox.id}`);
  resolve();
  await deletion;
});

async function* lines() {
  yield { sandboxId: sandbox.id, logs: [] };
}

test("weakness 40: a token that is not good yet is refused, and one that ran out more than the leeway ago", async () => {
  const now = Math.floor(clock.now() / 1_000);
  await expectRefused(forged({ payload: { nbf: now + 600 } }));
  await expectRefused(forged({ payload: { iat: now + 60, exp: now + 3_660 } }));
  await served(token);
  clock.jump(hourMs + leewayMs + 1_000);
  await expectRefused(token);
});

test("weakness 41: a session whose supervisor never says hello is ended", async () => {
  const silence = Promise.withResolvers<void>();
  async function* say() {
    await silence.promise;
    yield { payload: { case: "heartbeat", value: {} } } as const;
  }
  const read = async () => {
    for await (const _ of client(token).connectSupervisor(say()));
  };
  const ended = refusalOf(read());
  await expect
    .poll(async () => {
      await clock.advance(1_000);
      return Promise.race([ended, wait(5)]);
    }, patience)
    .toMatchObject({ code: "InvalidArgument" });
  silence.resolve();
});
