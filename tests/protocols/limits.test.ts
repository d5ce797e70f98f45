import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { OpenShell } from "../../gen/openshell/v1/openshell_pb.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { as, clientOf, grpc, grpcJs, protocols } from "./support/clients.ts";
import { type FixtureOptions, received, sandboxId, startFrontDoor } from "./support/fixture.ts";
import { ask, config, frame, grpcHeaders, health, http2Session } from "./support/http2-client.ts";

type Handlers = NonNullable<FixtureOptions["handlers"]>;

const endless: Handlers["watchSandbox"] = async function* (_request, { signal }) {
  yield { payload: { case: "warning", value: { message: "open" } } };
  await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
};
const listening: Handlers["pushSandboxLogs"] = async (frames) => {
  for await (const _frame of frames);
  return {};
};

describe.each(protocols)("%s", (_name, make) => {
  test("an answer that is larger than clients take is not sent", async () => {
    const handlers: Handlers = { getCurrentUser: () => ({ displayName: "x".repeat(200) }) };
    await using fixture = await startFrontDoor({ limits: { answerBytes: 100 }, handlers });
    await expect(clientOf(make(fixture.url)).getCurrentUser({}, as("user"))).rejects.toMatchObject({
      code: Code.ResourceExhausted,
    });
  });

  test("a call that is over leaves no timer behind", async () => {
    const clock = new FakeClock();
    await using fixture = await startFrontDoor({ clock });
    const client = clientOf(make(fixture.url));
    await client.health({});
    await expect.poll(() => fixture.records.length).toBe(1);
    const waiting = clock.waiting;
    for (let call = 0; call < 5; call++) await client.health({});
    await expect.poll(() => clock.waiting).toBe(waiting);
  });
});

test("more streams at once than a connection may have wait for their turn", async () => {
  await using fixture = await startFrontDoor({ limits: { streamsPerConnection: 3 } });
  await using session = http2Session(fixture.url);
  const settings = await new Promise<{ maxConcurrentStreams?: number }>((resolve) =>
    session.once("remoteSettings", resolve),
  );
  expect(settings.maxConcurrentStreams).toBe(3);
  const answers = await Promise.all(
    Array.from({ length: 9 }, () => ask(session, grpcHeaders(health), frame(Buffer.alloc(0)))),
  );
  expect(answers.map(({ trailers }) => trailers["grpc-status"])).toEqual(Array(9).fill("0"));
});

test("connections beyond the listener's bound are closed, gRPC callers hear unavailable, and there is a line in the log", async () => {
  await using fixture = await startFrontDoor({ limits: { connections: 2 } });
  const held = await Promise.all([fixture.socket(), fixture.socket()]);
  await received(await fixture.socket());
  await expect(grpcJs(fixture.url, OpenShell.method.health, {})).rejects.toMatchObject({ code: 14 });
  expect(fixture.lines.join("\n")).toContain("connections are refused");
  for (const socket of held) socket.destroy();
  await expect
    .poll(() =>
      grpc(fixture.url)
        .health({})
        .then(
          ({ version }) => version,
          () => undefined,
        ),
    )
    .toBe("test");
});

test("one listener's connections do not use up another's", async () => {
  await using fixture = await startFrontDoor({ limits: { connections: 1 }, listeners: [{}, { kind: "operations" }] });
  const held = await fixture.socket();
  expect((await fetch(`${fixture.door.addresses[1]?.url}/healthz`)).status).toBe(200);
  held.destroy();
});

describe("streams of one sandbox", () => {
  const open = async (fixture: { url: string }, signal?: AbortSignal) => {
    const never = Promise.withResolvers<void>();
    async function* frames() {
      yield { sandboxId };
      await never.promise;
    }
    return grpc(fixture.url).pushSandboxLogs(frames(), { ...as("sandbox"), ...(signal && { signal }) });
  };

  test("are bounded over all its connections, and make room when they end", async () => {
    let now = 0;
    const counted: Handlers["pushSandboxLogs"] = async (frames, call) => {
      now++;
      call.signal.addEventListener("abort", () => now--);
      return listening(frames, call);
    };
    await using fixture = await startFrontDoor({
      limits: { streamsPerSandbox: 3 },
      handlers: { pushSandboxLogs: counted, watchSandbox: endless },
    });
    const leave = new AbortController();
    const held = Array.from({ length: 3 }, () => open(fixture, leave.signal).catch(ConnectError.from));
    await expect.poll(() => now).toBe(3);
    await expect(open(fixture)).rejects.toMatchObject({ code: Code.ResourceExhausted });
    // Others are not concerned, and unary calls of the sandbox neither.
    expect(await grpc(fixture.url).getSandboxConfig({ sandboxId }, as("sandbox"))).toMatchObject({ version: 7 });
    const users = Array.from({ length: 5 }, () =>
      grpc(fixture.url).watchSandbox({ id: sandboxId }, as("user"))[Symbol.asyncIterator]().next(),
    );
    await Promise.all(users);
    leave.abort();
    await Promise.all(held);
    await expect.poll(() => now).toBe(0);
    const again = open(fixture).catch(ConnectError.from);
    await expect.poll(() => now).toBe(1);
    await fixture.door.drain("test", 0);
    await again;
  });

  test("that were refused or never began hold no place", async () => {
    await using fixture = await startFrontDoor({
      limits: { streamsPerSandbox: 1 },
      handlers: { pushSandboxLogs: listening },
    });
    await using session = http2Session(fixture.url);
    const push = "/openshell.v1.OpenShell/PushSandboxLogs";
    const headers = grpcHeaders(push, { authorization: "Bearer sandbox" });
    for (const body of [Buffer.from([1, 2]), frame(Buffer.from([0xff])), frame(Buffer.alloc(0))]) {
      const { trailers } = await ask(session, headers, body);
      expect(trailers["grpc-status"]).toBe("3");
    }
    const reset = session.request(headers);
    reset.on("error", () => undefined);
    reset.close(8);
    const good = frame(Buffer.concat([Buffer.from([0x0a, 36]), Buffer.from(sandboxId)]));
    await expect.poll(() => ask(session, headers, good).then(({ trailers }) => trailers["grpc-status"])).toBe("0");
  });
});

test("a unary answer that nobody takes is given up", async () => {
  const clock = new FakeClock();
  const handlers: Handlers = { getSandboxConfig: () => ({ policyHash: "x".repeat(500_000) }) };
  await using fixture = await startFrontDoor({ clock, handlers });
  await using session = http2Session(fixture.url);
  const stream = session.request(grpcHeaders(config, { authorization: "Bearer sandbox" }));
  const closed = new Promise((resolve) => stream.once("close", resolve));
  stream.on("error", () => undefined);
  stream.end(frame(Buffer.concat([Buffer.from([0x0a, 36]), Buffer.from(sandboxId)])));
  await new Promise((resolve) => stream.once("response", resolve));
  for (let passed = 0; passed < 60_000; passed += 10_000) {
    await new Promise<void>((resolve, reject) => session.ping((error) => (error ? reject(error) : resolve())));
    await clock.advance(10_000);
  }
  stream.resume();
  await closed;
  expect(stream.rstCode).not.toBe(0);
});

const watch = "/openshell.v1.OpenShell/WatchSandbox";
const watched = frame(Buffer.concat([Buffer.from([0x0a, 36]), Buffer.from(sandboxId)]));

/** Sends without end; counts what it sent, and tells when it was stopped. */
function flood() {
  const stopped = Promise.withResolvers<void>();
  const state = { sent: 0, stopped: stopped.promise };
  const watchSandbox: Handlers["watchSandbox"] = async function* () {
    try {
      for (;;) {
        state.sent++;
        yield { payload: { case: "warning", value: { message: "x".repeat(50_000) } } };
      }
    } finally {
      stopped.resolve();
    }
  };
  return { state, handlers: { watchSandbox } };
}

describe.each(protocols)("an endless answer over %s", (_name, make) => {
  test("ends for its handler when its caller goes away", async () => {
    const { state, handlers } = flood();
    await using fixture = await startFrontDoor({ handlers });
    const leave = new AbortController();
    const events = clientOf(make(fixture.url)).watchSandbox({ id: sandboxId }, { ...as("user"), signal: leave.signal });
    await events[Symbol.asyncIterator]().next();
    leave.abort();
    await state.stopped;
    await expect.poll(() => fixture.records).toMatchObject([{ code: "canceled" }]);
    await fixture.door.drain("nothing is in flight", 60_000);
    expect(fixture.lines.filter((line) => line.startsWith("error"))).toEqual([]);
  });
});

describe("an endless answer that nobody reads", () => {
  test("is not made over HTTP/2", async () => {
    const { state, handlers } = flood();
    await using fixture = await startFrontDoor({ handlers });
    await using session = http2Session(fixture.url);
    const stream = session.request(grpcHeaders(watch, { authorization: "Bearer user" }));
    stream.on("error", () => undefined).end(watched);
    await new Promise((resolve) => stream.once("response", resolve));
    await expect.poll(() => unchanged(() => state.sent), { timeout: 5_000 }).toBe(true);
    stream.close(8);
    await state.stopped;
  });

  test("is not made over HTTP/1.1", async () => {
    const { state, handlers } = flood();
    await using fixture = await startFrontDoor({ handlers });
    const socket = await fixture.socket();
    socket.write(
      `POST ${watch} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer user\r\n` +
        `content-type: application/grpc-web+proto\r\ncontent-length: ${watched.length}\r\n\r\n`,
    );
    socket.write(watched);
    await new Promise((resolve) => socket.once("data", resolve));
    socket.pause();
    await expect.poll(() => unchanged(() => state.sent), { timeout: 5_000 }).toBe(true);
    socket.destroy();
    await state.stopped;
  });
});

/** Whether a number stays as it is for many turns of the event loop, in which whoever may go on does. */
async function unchanged(read: () => number): Promise<boolean> {
  const before = read();
  for (let turn = 0; turn < 1_000; turn++) await new Promise((resolve) => setImmediate(resolve));
  return read() === before;
}
