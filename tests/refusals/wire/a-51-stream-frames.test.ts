import type { MessageInitShape } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { PushSandboxLogsRequestSchema } from "../../../gen/openshell/v1/logs_pb.ts";
import { OpenShell } from "../../../gen/openshell/v1/openshell_pb.ts";
import type { SupervisorMessageSchema } from "../../../gen/openshell/v1/supervisor_pb.ts";
import { startTestGateway, type TestGateway, type TestSandbox } from "../../support/gateway.ts";
import { bearer, protocols } from "../../support/protocols.ts";

let gateway: TestGateway;
let own: TestSandbox;
let other: TestSandbox;

beforeAll(async () => {
  gateway = await startTestGateway();
  [own, other] = [await gateway.createSandbox("own"), await gateway.createSandbox("other")];
});
afterAll(() => gateway[Symbol.asyncDispose]());

type Push = MessageInitShape<typeof PushSandboxLogsRequestSchema>;
type Supervisor = MessageInitShape<typeof SupervisorMessageSchema>;

const hello = (sandboxId: string): Supervisor => ({
  payload: { case: "hello", value: { sandboxId, instanceId: "x" } },
});
const heartbeat: Supervisor = { payload: { case: "heartbeat", value: {} } };
const push = (sandboxId: string, message: string, inside = sandboxId): Push => ({
  sandboxId,
  logs: [{ sandboxId: inside, level: "INFO", message }],
});
const refused = {
  code: "permission_denied",
  message: "cross-sandbox access denied: principal does not own this sandbox",
};

async function lines(sandboxId: string): Promise<string[]> {
  return (await gateway.client().getSandboxLogs({ sandboxId })).logs.map(({ message }) => message);
}

describe.each(protocols)("over $name", (protocol) => {
  const headers = async () => ({ headers: bearer(await own.token()) });
  const pushing = async (...frames: Push[]) =>
    protocol.call(gateway.sandboxesUrl, OpenShell.method.pushSandboxLogs, frames, await headers());
  const connecting = async (...frames: Supervisor[]) =>
    protocol.call(gateway.sandboxesUrl, OpenShell.method.connectSupervisor, frames, await headers());
  const named = (text: string) => `${protocol.name} ${text}`;

  test("A-51: a log stream whose later frame names another sandbox ends there, and nothing of that frame is kept", async () => {
    const [good, bad, after] = [named("good"), named("bad"), named("after")];
    const answer = await pushing(push(own.id, good), push(other.id, bad), push(own.id, after));
    expect(answer).toMatchObject(refused);
    expect(gateway.audited().at(-1)).toMatchObject({ event: "access.cross-sandbox", requested: other.id });
    expect(await lines(own.id)).toEqual(expect.not.arrayContaining([bad]));
    expect(await lines(own.id)).toEqual(expect.not.arrayContaining([after]));
    expect(await lines(other.id)).toEqual([]);
    await expect.poll(() => lines(own.id)).toContain(good);
  });

  test.each([0, 1])("A-51: a line of another sandbox in frame %i is refused with its whole frame", async (at) => {
    const bad = named(`line in frame ${at}`);
    const frames = [push(own.id, named("before")), push(own.id, bad, other.id)].slice(1 - at);
    expect(await pushing(...frames)).toMatchObject(refused);
    expect(await lines(own.id)).toEqual(expect.not.arrayContaining([bad]));
    expect(await lines(other.id)).toEqual([]);
  });

  test("A-51: a session whose later frame names another sandbox ends there", async () => {
    expect(await connecting(hello(own.id), hello(other.id))).toMatchObject(refused);
    expect(await connecting(hello(own.id), heartbeat, hello(crypto.randomUUID()))).toMatchObject(refused);
    const { sandbox } = await gateway.client().getSandbox({ name: other.name });
    expect(sandbox?.status?.mainProcessInstanceId).toBe("");
  });

  test("A-51: a later frame that names no sandbox where one belongs is refused", async () => {
    expect(await pushing(push(own.id, "x"), push("", named("nobody's")))).toMatchObject({ code: "invalid_argument" });
    expect(await lines(own.id)).toEqual(expect.not.arrayContaining([named("nobody's")]));
  });

  test.each([
    ["an empty id", () => pushing(push("", "x"))],
    ["an empty id, then another sandbox", () => pushing(push("", "x"), push(other.id, "x"))],
    ["no id, then another sandbox", () => pushing({}, push(other.id, "x"))],
    ["no frame at all", () => pushing()],
    ["an empty hello", () => connecting(hello(""))],
    ["an empty hello, then another sandbox", () => connecting(hello(""), hello(other.id))],
    ["a heartbeat before any hello", () => connecting(heartbeat, hello(other.id))],
    ["a frame with nothing in it", () => connecting({}, hello(other.id))],
    ["no frame at all to connect", () => connecting()],
  ])("A-52: a stream that begins with %s is refused", async (_, call) => {
    expect(await call()).toMatchObject({ code: "invalid_argument", answers: [] });
    expect(await lines(other.id)).toEqual([]);
  });
});

test("a stream that keeps to its sandbox is served over every protocol", async () => {
  for (const protocol of protocols) {
    const headers = bearer(await own.token());
    const { pushSandboxLogs, connectSupervisor } = OpenShell.method;
    const frames = [push(own.id, "one"), push(own.id, "two"), { sandboxId: own.id, logs: [{ message: "three" }] }];
    expect(await protocol.call(gateway.sandboxesUrl, pushSandboxLogs, frames, { headers })).toMatchObject({
      code: "ok",
    });
    const session = [hello(own.id), heartbeat];
    expect(await protocol.call(gateway.sandboxesUrl, connectSupervisor, session, { headers })).toMatchObject({
      code: "ok",
      answers: [{ payload: { case: "sessionAccepted" } }],
    });
  }
});
