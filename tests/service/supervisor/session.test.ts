import type { MessageInitShape } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import type { GatewayMessageSchema, SupervisorMessage } from "../../../gen/openshell/v1/supervisor_pb.ts";
import { Refusal } from "../../../src/core/refusal.ts";
import { toConnectError } from "../../../src/http/call/connect-error.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { RunningSupervisor } from "./running-supervisor.ts";
import { sandboxId } from "./sandbox-id.ts";
import { TestGateway } from "./test-gateway.ts";
import { until } from "./until.ts";

type Answer = MessageInitShape<typeof GatewayMessageSchema>;

const accept: Answer = { payload: { case: "sessionAccepted", value: { sessionId: "s", heartbeatIntervalSecs: 1 } } };

/** A gateway that keeps what each session said, and answers each message with what the test says. */
async function gatewayOf(answer: (message: SupervisorMessage, session: number) => Answer[]) {
  const sessions: SupervisorMessage[][] = [];
  const gateway = await TestGateway.start({
    async *connectSupervisor(messages): AsyncGenerator<Answer> {
      const said: SupervisorMessage[] = [];
      const session = sessions.push(said);
      for await (const message of messages) {
        said.push(message);
        yield* answer(message, session);
      }
    },
  });
  return { gateway, sessions };
}

const cases = (said: readonly SupervisorMessage[] | undefined) => said?.map(({ payload }) => payload.case);

test("a session begins with a hello that names the sandbox, and beats at the interval that the gateway names, 5 s at least", async () => {
  const { gateway, sessions } = await gatewayOf(({ payload }) =>
    payload.case === "hello" ? [accept] : [{ payload: { case: "heartbeat", value: {} } }],
  );
  await using _ = gateway;
  const clock = new FakeClock();
  await using running = new RunningSupervisor({ endpoint: gateway.url, clock });
  await until(() => running.stderr.includes("accepted the session"));
  for (const beats of [1, 2, 3]) {
    await clock.advance(4900);
    expect(sessions[0]).toHaveLength(beats);
    await clock.advance(100);
    await until(() => sessions[0]?.length === beats + 1);
  }
  expect(sessions[0]?.[0]?.payload).toMatchObject({ case: "hello", value: { sandboxId } });
  expect(cases(sessions[0])).toEqual(["hello", "heartbeat", "heartbeat", "heartbeat"]);
});

test("a gateway that is silent for three intervals is given up, and the next session has the same instance", async () => {
  const { gateway, sessions } = await gatewayOf(({ payload }) => (payload.case === "hello" ? [accept] : []));
  await using _ = gateway;
  const clock = new FakeClock();
  await using running = new RunningSupervisor({ endpoint: gateway.url, clock });
  await until(() => running.stderr.includes("accepted the session"));
  await clock.advance(14_900);
  expect(sessions).toHaveLength(1);
  await clock.advance(200);
  await until(() => running.stderr.includes("the gateway is silent"));
  await clock.advance(1000);
  await until(() => sessions.length === 2);
  const instances = sessions.map(([hello]) => (hello?.payload.case === "hello" ? hello.payload.value.instanceId : ""));
  expect(instances[0]).toMatch(/^[0-9a-f-]{36}$/);
  expect(instances[1]).toBe(instances[0]);
});

test("a gateway that never answers the hello is given up", async () => {
  const { gateway, sessions } = await gatewayOf(() => []);
  await using _ = gateway;
  const clock = new FakeClock();
  await using running = new RunningSupervisor({ endpoint: gateway.url, clock });
  await until(() => sessions.length === 1);
  await clock.advance(15_000);
  await until(() => running.stderr.includes("the gateway is silent"));
  await clock.advance(1000);
  await until(() => sessions.length === 2);
});

test.each([
  [
    "rejected",
    { payload: { case: "sessionRejected", value: { reason: "try later" } } } as Answer,
    "rejected: try later",
  ],
  ["answered with a heartbeat", { payload: { case: "heartbeat", value: {} } } as Answer, "not answered as a session"],
])("a session that is %s is tried again after a wait that grows", async (_name, first, says) => {
  const { gateway, sessions } = await gatewayOf((_, session) => [session < 4 ? first : accept]);
  await using _ = gateway;
  const clock = new FakeClock();
  await using running = new RunningSupervisor({ endpoint: gateway.url, clock });
  for (const [at, waitMs] of [1000, 2000, 4000].entries()) {
    await until(() => running.stderr.split(says).length - 1 === at + 1);
    await clock.advance(waitMs - 10);
    expect(sessions).toHaveLength(at + 1);
    await clock.advance(20);
    await until(() => sessions.length === at + 2);
  }
  await until(() => running.stderr.includes("accepted the session"));
});

test("a gateway that drains is obeyed: the next session comes when it said, and a tenth of that later at most", async () => {
  let sessions = 0;
  await using gateway = await TestGateway.start({
    async *connectSupervisor(messages): AsyncGenerator<Answer> {
      sessions += 1;
      yield accept;
      if (sessions === 1) throw toConnectError(new Refusal("shutting-down", { retryAfterMs: 4000 }));
      for await (const _ of messages);
    },
  });
  const clock = new FakeClock();
  await using running = new RunningSupervisor({ endpoint: gateway.url, clock });
  await until(() => running.stderr.includes("the gateway is shutting down"));
  await clock.advance(4000);
  expect(sessions).toBe(1);
  await clock.advance(400);
  await until(() => sessions === 2);
});

test("a broken connection costs a session and no more", async () => {
  await using gateway = await TestGateway.start();
  await using running = new RunningSupervisor({ endpoint: gateway.url });
  for (const sessions of [1, 2]) {
    await until(() => gateway.count("ConnectSupervisor") === sessions);
    await until(() => running.stderr.split("accepted the session").length - 1 === sessions);
    gateway.breakConnections();
  }
  await until(() => gateway.count("ConnectSupervisor") === 3);
});

test("a relay that the gateway opens is refused, with a reason, and the session goes on", async () => {
  const open: Answer = { payload: { case: "relayOpen", value: { channelId: "c-1" } } };
  const { gateway, sessions } = await gatewayOf(({ payload }) => (payload.case === "hello" ? [accept, open] : []));
  await using _ = gateway;
  await using __ = new RunningSupervisor({ endpoint: gateway.url });
  await until(() => sessions[0]?.length === 2);
  expect(sessions[0]?.[1]?.payload).toMatchObject({
    case: "relayOpenResult",
    value: { channelId: "c-1", success: false, error: "this supervisor does not relay connections" },
  });
});

test("a supervisor that is told to end ends its session in good order", async () => {
  let ended = false;
  await using gateway = await TestGateway.start({
    async *connectSupervisor(messages): AsyncGenerator<Answer> {
      yield accept;
      for await (const _ of messages);
      ended = true;
    },
  });
  const running = new RunningSupervisor({ endpoint: gateway.url });
  await until(() => running.stderr.includes("accepted the session"));
  expect(await running.stop()).toBe(0);
  expect(ended).toBe(true);
});
