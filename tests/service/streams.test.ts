import { Code, ConnectError } from "@connectrpc/connect";
import { afterEach, beforeEach, expect, test } from "vitest";
import { FakeClock } from "../support/fake-clock.ts";
import { startTestGateway, type TestGateway, type TestSandbox } from "../support/gateway.ts";

const hourMs = 3_600_000;
/** Behind a token's expiry, for clocks that differ. */
const leewayMs = 5_000;
/** Within this an open stream's right to go on is looked at again. */
const lookMs = 5_000;

let clock: FakeClock;
let gateway: TestGateway;
let sandbox: TestSandbox;

beforeEach(async () => {
  clock = new FakeClock();
  gateway = await startTestGateway({ clock });
  sandbox = await gateway.createSandbox();
});
afterEach(() => gateway[Symbol.asyncDispose]());

/** Time goes by as it does for a machine that is busy elsewhere. */
async function pass(ms: number): Promise<void> {
  clock.jump(ms);
  await clock.advance(lookMs);
}

/** A log stream that stays open; `push` sends one more line, `ended` settles when it is over. */
function openLogStream(token: string) {
  const lines: string[] = [];
  let wake = Promise.withResolvers<void>();
  const push = (message: string) => {
    lines.push(message);
    wake.resolve();
  };
  async function* frames() {
    for (;;) {
      for (const message of lines.splice(0)) yield { sandboxId: sandbox.id, logs: [{ level: "INFO", message }] };
      wake = Promise.withResolvers();
      await wake.promise;
    }
  }
  push("open");
  const ended = gateway
    .client(token)
    .pushSandboxLogs(frames())
    .then(
      () => "ended",
      (thrown: unknown) => ConnectError.from(thrown),
    );
  return { push, ended };
}

const logged = async () =>
  (await gateway.client().getSandboxLogs({ sandboxId: sandbox.id })).logs.map(({ message }) => message);

test("S6: a stream ends when its token does", async () => {
  const { ended } = openLogStream(await sandbox.token());
  await expect.poll(logged).toEqual(["open"]);
  await pass(hourMs + leewayMs);
  expect(await ended).toMatchObject({ code: Code.Unauthenticated, rawMessage: "invalid token: ExpiredSignature" });
});

test("S6: a refresh in time ends no stream, and the stream ends with the last token of its family", async () => {
  const token = await sandbox.token();
  const { push, ended } = openLogStream(token);
  await expect.poll(logged).toEqual(["open"]);
  await pass(hourMs - 60_000);
  await gateway.client(token).refreshSandboxToken({});
  await pass(120_000);
  push("after the first token's expiry");
  await expect.poll(logged).toContain("after the first token's expiry");
  await pass(hourMs);
  expect(await ended).toMatchObject({ code: Code.Unauthenticated });
});

test("S6: a family that is revoked because a token was reused takes its streams with it", async () => {
  const first = await sandbox.token();
  const { ended } = openLogStream(first);
  await expect.poll(logged).toEqual(["open"]);
  const { token: second } = await gateway.client(first).refreshSandboxToken({});
  await gateway.client(second).refreshSandboxToken({});
  await expect(gateway.client(first).refreshSandboxToken({})).rejects.toThrow("[unauthenticated]");
  expect(await ended).toMatchObject({ code: Code.Unauthenticated });
});

test("a second session of a sandbox takes the first one's place", async () => {
  const client = gateway.client(await sandbox.token());
  const session = (instanceId: string) =>
    client.connectSupervisor(
      (async function* () {
        yield { payload: { case: "hello", value: { sandboxId: sandbox.id, instanceId } } } as const;
        await new Promise(() => undefined);
      })(),
    );
  const instance = async () =>
    (await gateway.client().getSandbox({ name: sandbox.name })).sandbox?.status?.mainProcessInstanceId;
  const first = session("one")[Symbol.asyncIterator]();
  expect((await first.next()).value).toMatchObject({ payload: { case: "sessionAccepted" } });
  expect(await instance()).toBe("one");
  const second = session("two")[Symbol.asyncIterator]();
  expect((await second.next()).value).toMatchObject({ payload: { case: "sessionAccepted" } });
  await expect(first.next()).rejects.toBeInstanceOf(ConnectError);
  expect(await instance()).toBe("two");
});

test("a stream that never says its first word is ended", async () => {
  const call = gateway.client(await sandbox.token()).pushSandboxLogs(
    (async function* () {
      await new Promise(() => undefined);
    })(),
  );
  const ended = call.then(
    () => "ended",
    (thrown: unknown) => ConnectError.from(thrown),
  );
  await expect
    .poll(async () => {
      await clock.advance(1_000);
      return Promise.race([ended, undefined]);
    })
    .toMatchObject({ code: Code.InvalidArgument });
});
