import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import {
  GetSandboxLogsRequestSchema,
  type PushSandboxLogsRequest,
  PushSandboxLogsRequestSchema,
} from "../../../../gen/openshell/v1/logs_pb.ts";
import { newSandboxId } from "../../../../src/core/ids.ts";
import { Refusal } from "../../../../src/core/refusal.ts";
import { grantScope } from "../../../../src/core/scoped-sandbox.ts";
import { createLogBuffer, createLogHandlers } from "../../../../src/services/logs/index.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { sandboxPrincipal, userPrincipal } from "../../../support/principals.ts";

const sandbox = grantScope({ id: newSandboxId(), name: "alpha", workspace: "default" });
const metadata = { get: () => undefined };

function opened() {
  const logs = createLogBuffer({ clock: new FakeClock(), isKnown: () => true });
  const { pushSandboxLogs, getSandboxLogs } = createLogHandlers({ logs });
  return {
    logs,
    push: (frames: AsyncIterable<PushSandboxLogsRequest>, signal = new AbortController().signal) =>
      pushSandboxLogs(frames, { principal: sandboxPrincipal(sandbox.id), sandbox, signal, metadata }),
    get: (init: MessageInitShape<typeof GetSandboxLogsRequestSchema> = {}) =>
      getSandboxLogs(create(GetSandboxLogsRequestSchema, init), {
        ...{ principal: userPrincipal(), sandbox, signal: new AbortController().signal, metadata },
      }),
  };
}

const frame = (...messages: string[]) =>
  create(PushSandboxLogsRequestSchema, { sandboxId: sandbox.id, logs: messages.map((message) => ({ message })) });

async function* stream(...frames: PushSandboxLogsRequest[]) {
  yield* frames;
}

test("what a sandbox pushes, its owner gets", async () => {
  const { push, get } = opened();
  expect(await push(stream(frame("one"), frame(), frame("two", "three")))).toEqual({});
  expect(await get({ lines: 2 })).toMatchObject({
    logs: [
      { message: "two", source: "sandbox", sandboxId: sandbox.id, level: "INFO" },
      { message: "three", source: "sandbox", sandboxId: sandbox.id },
    ],
    bufferTotal: 3,
  });
});

test("of one message a hundred lines are kept, and the rest is counted", async () => {
  const { push, logs } = opened();
  await push(stream(frame(...Array.from({ length: 130 }, (_, index) => `${index}`))));
  expect(logs.stats()).toMatchObject({ lines: 100, dropped: 30 });
});

test("nothing is kept once the credential behind the stream has ended", async () => {
  const { push, logs } = opened();
  const lease = new AbortController();
  async function* frames() {
    yield frame("before");
    lease.abort(new Refusal("token-revoked"));
    yield frame("after");
  }
  await push(frames(), lease.signal);
  expect(logs.stats().lines).toBe(1);
});

test("what stops the stream stops the call, and what came before stays", async () => {
  const { push, logs } = opened();
  async function* frames() {
    yield frame("before");
    throw new Refusal("other-sandbox");
  }
  await expect(push(frames())).rejects.toMatchObject({ reason: "other-sandbox" });
  expect(logs.stats().lines).toBe(1);
});
