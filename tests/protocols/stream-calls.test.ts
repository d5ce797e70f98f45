import type { OutgoingHttpHeaders } from "node:http2";
import { gzipSync } from "node:zlib";
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PushSandboxLogsRequestSchema } from "../../gen/openshell/v1/logs_pb.ts";
import { type SupervisorMessage, SupervisorMessageSchema } from "../../gen/openshell/v1/supervisor_pb.ts";
import { Refusal } from "../../src/core/refusal.ts";
import { type Fixture, sandboxId, startFrontDoor } from "./support/fixture.ts";
import { ask, frame, grpcHeaders, grpcStatus, http2Session } from "./support/http2-client.ts";

const messageBytes = 4_096;
const supervisor = "/openshell.v1.OpenShell/ConnectSupervisor";
const logs = "/openshell.v1.OpenShell/PushSandboxLogs";

const bytes = (payload: MessageInitShape<typeof SupervisorMessageSchema>["payload"] & object) =>
  toBinary(SupervisorMessageSchema, create(SupervisorMessageSchema, { payload }));
const hello = (instanceId: string, id = sandboxId) => bytes({ case: "hello", value: { sandboxId: id, instanceId } });
const heartbeat = bytes({ case: "heartbeat", value: {} });
const lines = toBinary(
  PushSandboxLogsRequestSchema,
  create(PushSandboxLogsRequestSchema, { sandboxId, logs: [{ message: "a line" }] }),
);
const gzipped = (message: Uint8Array) => frame(gzipSync(message), 1);

/** How many streams have ended. */
let over = 0;

/** Answers each message with one; what the first one names decides what else happens. */
async function* echo(requests: AsyncIterable<SupervisorMessage>) {
  using _counted = {
    [Symbol.dispose]: () => {
      over += 1;
    },
  };
  for await (const { payload } of requests) {
    const wish = payload.case === "hello" ? payload.value.instanceId : "";
    if (wish === "fail") throw new Error("of no interest to callers");
    if (wish === "refuse") throw new Refusal("state-conflict", { says: "not like this" });
    if (wish === "overflow") yield { payload: { case: "relayOpen" as const, value: { channelId: "x".repeat(5_000) } } };
    if (wish === "malformed") yield { payload: { case: "sessionAccepted" as const, value: { sessionId: 7 as never } } };
    yield { payload: { case: "sessionAccepted" as const, value: { sessionId: wish } } };
    if (wish === "leave") return;
  }
}

async function countLines(requests: AsyncIterable<unknown>) {
  for await (const _ of requests);
  return {};
}

interface Case {
  readonly path?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body: readonly Uint8Array[];
}

const torn = frame(hello("torn"));
const cases: Readonly<Record<string, Case>> = {
  "many messages": { body: [frame(hello("a")), ...Array.from({ length: 20 }, () => frame(heartbeat))] },
  "messages of one stream of bytes": {
    body: [Buffer.concat([frame(hello("a")), frame(heartbeat), torn.subarray(0, 3)]), torn.subarray(3)],
  },
  "no message": { body: [] },
  "an empty message": { body: [frame(Buffer.alloc(0))] },
  "a message that is cut off": { body: [frame(hello("a")), torn.subarray(0, -1)] },
  "a prefix that is cut off": { body: [frame(hello("a")), torn.subarray(0, 3)] },
  "a message that nobody can read": { body: [frame(hello("a")), frame(Buffer.from([0x0a, 0xff]))] },
  "a first message that nobody can read": { body: [frame(Buffer.from([0x0a, 0xff]))] },
  "a message that is too large": { body: [frame(Buffer.alloc(messageBytes + 1))] },
  "a message that is too large and came with others": {
    body: [frame(hello("a")), frame(heartbeat), frame(Buffer.alloc(messageBytes + 1))],
  },
  "a message that is too large once decompressed": {
    headers: { "grpc-encoding": "gzip" },
    body: [frame(hello("a")), gzipped(Buffer.alloc(messageBytes * 10))],
  },
  "compressed messages": { headers: { "grpc-encoding": "gzip" }, body: [gzipped(hello("a")), gzipped(heartbeat)] },
  "a compressed message that is none": {
    headers: { "grpc-encoding": "gzip" },
    body: [frame(hello("a")), frame(Buffer.from("none"), 1)],
  },
  "a compressed message where none was announced": { body: [frame(hello("a")), gzipped(heartbeat)] },
  "a compression that nobody knows": { headers: { "grpc-encoding": "zstd" }, body: [frame(hello("a"))] },
  "answers that may be compressed": {
    headers: { "grpc-accept-encoding": "gzip" },
    body: [frame(hello("a".repeat(2_000)))],
  },
  "a timeout that is none": { headers: { "grpc-timeout": "soon" }, body: [frame(hello("a"))] },
  "a timeout that has passed": { headers: { "grpc-timeout": "0S" }, body: [frame(hello("a"))] },
  "a long timeout": { headers: { "grpc-timeout": "99999999H" }, body: [frame(hello("a"))] },
  "no credential": { headers: { authorization: undefined }, body: [frame(hello("a"))] },
  "a credential that ran out": { headers: { authorization: "Bearer expired" }, body: [frame(hello("a"))] },
  "another sandbox's credential": { headers: { authorization: "Bearer other-sandbox" }, body: [frame(hello("a"))] },
  "a user's credential": { headers: { authorization: "Bearer user" }, body: [frame(hello("a"))] },
  "a refusal by the handler": { body: [frame(hello("refuse"))] },
  "a failure of the handler": { body: [frame(hello("fail"))] },
  "a handler that leaves first": { body: [frame(hello("leave")), frame(heartbeat)] },
  "an answer that is too large": { body: [frame(hello("overflow"))] },
  "an answer that cannot be encoded": { body: [frame(hello("malformed"))] },
  "a client's stream": { path: logs, body: [frame(lines), frame(lines)] },
  "a client's stream without a message": { path: logs, body: [] },
  "a client's stream that nobody can read": { path: logs, body: [frame(lines), frame(Buffer.from([0x0a, 0xff]))] },
  "a client's stream that is cut off": { path: logs, body: [frame(lines), frame(lines).subarray(0, -1)] },
  JSON: {
    headers: { "content-type": "application/grpc+json" },
    body: [frame(Buffer.from(JSON.stringify({ hello: { sandboxId, instanceId: "a" } })))],
  },
};

let ways: readonly Fixture[];

beforeAll(async () => {
  const handlers = { connectSupervisor: echo, pushSandboxLogs: countLines };
  const limits = { messageBytes, answerBytes: messageBytes };
  ways = await Promise.all([true, false].map((leanUnary) => startFrontDoor({ handlers, limits, leanUnary })));
});
afterAll(async () => {
  for (const way of ways) await way[Symbol.asyncDispose]();
});

describe("streams by gRPC are answered alike, past Connect and through it:", () => {
  test.each(Object.entries(cases))("%s", async (_name, { path = supervisor, headers, body }) => {
    const outcomes = ways.map(async (way) => {
      await using session = http2Session(way.url);
      const before = way.records.length;
      const given = grpcHeaders(path, { authorization: "Bearer sandbox", ...headers });
      const answer = await ask(session, given, Buffer.concat(body));
      await expect.poll(() => way.records.length).toBe(before + 1);
      const { durationMs: _, ...record } = way.records[before] ?? { durationMs: 0 };
      const { date: _date, ...answered } = answer.headers;
      return { ...answer, headers: answered, record };
    });
    const [light, heavy] = await Promise.all(outcomes);
    expect(light).toEqual(heavy);
    expect(light?.trailers["grpc-status"]).toBeDefined();
  });
});

describe.each([
  ["past Connect", 0],
  ["through Connect", 1],
])("a stream by gRPC, %s", (_way, at) => {
  const headers = grpcHeaders(supervisor, { authorization: "Bearer sandbox" });

  test("is answered message by message, while its caller goes on sending", async () => {
    await using session = http2Session(ways[at]!.url);
    const stream = session.request(headers);
    const answers: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => answers.push(chunk));
    for (const [sent, message] of [hello("a"), heartbeat, heartbeat].entries()) {
      for (const byte of frame(message)) stream.write(Buffer.of(byte));
      await expect.poll(() => answers.length).toBe(sent + 1);
    }
    stream.end();
    expect(await grpcStatus(stream)).toBe("0");
  });

  test("that ends at its deadline is told so", async () => {
    await using session = http2Session(ways[at]!.url);
    const stream = session.request({ ...headers, "grpc-timeout": "50m" });
    stream.on("error", () => undefined).resume();
    stream.write(frame(hello("a")));
    expect(await grpcStatus(stream)).toBe("4");
    await expect.poll(() => ways[at]!.records.at(-1)?.code).toBe("deadline_exceeded");
  });

  test("that its caller resets tells the handler", async () => {
    const way = ways[at]!;
    await using session = http2Session(way.url);
    const stream = session.request(headers);
    stream.on("error", () => undefined);
    stream.write(frame(hello("a")));
    await new Promise((resolve) => stream.once("data", resolve));
    const [recorded, before] = [way.records.length, over];
    stream.close(8);
    await expect.poll(() => [way.records.length, over]).toEqual([recorded + 1, before + 1]);
  });

  test("whose caller reads nothing is asked for no more than fits", async () => {
    const way = ways[at]!;
    await using session = http2Session(way.url);
    const stream = session.request(headers);
    stream.on("error", () => undefined);
    let taken = 0;
    stream.write(frame(hello("a")));
    const most = 200_000;
    const offer = () => {
      while (taken < most && stream.write(frame(heartbeat), () => undefined)) taken += 1;
    };
    stream.on("drain", offer);
    offer();
    let before = -1;
    // The answers are not read: sooner or later the gateway stops to read the messages.
    await expect
      .poll(
        () => {
          const stands = taken === before;
          before = taken;
          return stands;
        },
        { interval: 300, timeout: 15_000 },
      )
      .toBe(true);
    expect(taken).toBeLessThan(most);
  });
});
