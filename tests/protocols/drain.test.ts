import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { describe, expect, test } from "vitest";
import { ErrorInfoSchema, RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { Health, HealthCheckResponse_ServingStatus as Status } from "../../gen/grpc/health/v1/health_pb.ts";
import { SupervisorMessageSchema } from "../../gen/openshell/v1/supervisor_pb.ts";
import type { Refusal } from "../../src/core/refusal.ts";
import { as, clientOf, grpc, protocols } from "./support/clients.ts";
import { type FixtureOptions, received, sandboxId, startFrontDoor } from "./support/fixture.ts";
import { ask, frame, grpcHeaders, health, http2Session } from "./support/http2-client.ts";

type Handlers = NonNullable<FixtureOptions["handlers"]>;

/** Says one thing and then nothing, and takes the signal for a reason to return quietly. */
const quietStream: Handlers["watchSandbox"] = async function* (_request, { signal }) {
  yield { payload: { case: "warning", value: { message: "open" } } };
  await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
};

/** A handler that waits until the test lets it go on. */
function held() {
  const entered = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  const getSandboxConfig: Handlers["getSandboxConfig"] = async () => {
    entered.resolve();
    await release.promise;
    return { version: 42 };
  };
  return { entered: entered.promise, release: release.resolve, handlers: { getSandboxConfig } };
}

const long = 60_000;

test("a unary call in flight finishes, new ones are refused with unavailable, and readiness says so", async () => {
  const call = held();
  await using fixture = await startFrontDoor(call);
  await using before = http2Session(fixture.url);
  const inFlight = grpc(fixture.url).getSandboxConfig({ sandboxId }, as("sandbox"));
  await call.entered;
  await ask(before, grpcHeaders(health), frame(Buffer.alloc(0)));
  const goaway = new Promise<number>((resolve) => before.once("goaway", resolve));

  const drained = fixture.door.drain("test", long);
  expect(await goaway).toBe(0);
  for (const [, make] of protocols) {
    const refused = (await clientOf(make(fixture.url)).health({}).catch(ConnectError.from)) as ConnectError;
    expect(refused.code).toBe(Code.Unavailable);
    expect(refused.findDetails(ErrorInfoSchema)).toMatchObject([{ reason: "SHUTTING_DOWN" }]);
  }
  const ready = await fetch(`${fixture.url}/readyz`);
  expect(ready.status).toBe(503);
  expect((await fetch(`${fixture.url}/healthz`)).status).toBe(200);
  expect(await ready.json()).toEqual({ status: "unavailable", version: "1.2.3", checks: { gateway: "shutting down" } });

  call.release();
  expect(await inFlight).toMatchObject({ version: 42 });
  await drained;
  await expect(fetch(`${fixture.url}/healthz`)).rejects.toThrow();
});

describe.each(protocols)("an open stream over %s", (_name, make) => {
  test("ends with unavailable at once, though its handler ends it quietly", async () => {
    await using fixture = await startFrontDoor({ handlers: { watchSandbox: quietStream } });
    const events = clientOf(make(fixture.url)).watchSandbox({ id: sandboxId }, as("user"))[Symbol.asyncIterator]();
    expect((await events.next()).value).toMatchObject({ payload: { value: { message: "open" } } });
    const started = performance.now();
    const drained = fixture.door.drain("test", long);
    const ended = (await events.next().catch(ConnectError.from)) as ConnectError;
    expect(ended).toMatchObject({ code: Code.Unavailable });
    expect(ended.findDetails(ErrorInfoSchema)).toMatchObject([{ reason: "SHUTTING_DOWN" }]);
    await drained;
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});

/** The wait that an error tells, in milliseconds. */
function toldMs(error: unknown): number | undefined {
  const delay = ConnectError.from(error).findDetails(RetryInfoSchema)[0]?.retryDelay;
  return delay && Number(delay.seconds) * 1000 + delay.nanos / 1e6;
}

test("weakness 21: each stream is told a wait of its own, so that all of them come back evenly, and each new call too", async () => {
  const call = held();
  const draws = Array.from({ length: 400 }, (_, at) => (at * 0.618_034) % 1);
  const drawn = [...draws];
  await using fixture = await startFrontDoor({
    handlers: { ...call.handlers, watchSandbox: quietStream },
    random: () => drawn.shift() ?? 0,
  });
  const inFlight = grpc(fixture.url).getSandboxConfig({ sandboxId }, as("sandbox"));
  const client = grpc(fixture.url);
  const streams = Array.from({ length: 250 }, () =>
    client.watchSandbox({ id: sandboxId }, as("user"))[Symbol.asyncIterator](),
  );
  await Promise.all([call.entered, ...streams.map((events) => events.next())]);
  const drained = fixture.door.drain("test", long);
  const waits = await Promise.all(streams.map((events) => events.next().then(() => undefined, toldMs)));
  // 250 streams are spread over half a second, after half a second.
  const expected = draws.map((draw) => Math.round(500 + 500 * draw));
  expect(waits.toSorted()).toEqual(expected.slice(0, 250).toSorted());
  const late = await Promise.all(
    Array.from({ length: 3 }, () =>
      grpc(fixture.url)
        .health({})
        .then(() => 0, toldMs),
    ),
  );
  expect(late.toSorted()).toEqual(expected.slice(250, 253).toSorted());
  call.release();
  await inFlight;
  await drained;
});

test("weakness 41: a stream that has not said its hello is told to come back as well, and holds nothing up", async () => {
  await using fixture = await startFrontDoor();
  await using session = http2Session(fixture.url);
  const path = "/openshell.v1.OpenShell/ConnectSupervisor";
  const stream = session.request(grpcHeaders(path, { authorization: "Bearer sandbox" }));
  const trailers = new Promise<Record<string, unknown>>((resolve) => {
    stream.once("response", (headers) => "grpc-status" in headers && resolve(headers));
    stream.once("trailers", resolve);
  });
  await expect.poll(() => fixture.arrivals.length).toBe(1);
  const started = performance.now();
  await fixture.door.drain("test", long);
  expect((await trailers)["grpc-status"]).toBe("14");
  expect(performance.now() - started).toBeLessThan(2_000);
});

test("a stream whose client is silent ends with unavailable, and its handler learns why", async () => {
  const told = Promise.withResolvers<unknown>();
  await using fixture = await startFrontDoor({
    handlers: {
      async *connectSupervisor(frames, { signal }) {
        signal.addEventListener("abort", () => told.resolve(signal.reason));
        for await (const _frame of frames) yield { payload: { case: "sessionAccepted", value: {} } };
      },
    },
  });
  const silence = Promise.withResolvers<void>();
  async function* frames() {
    yield create(SupervisorMessageSchema, { payload: { case: "hello", value: { sandboxId, instanceId: "i" } } });
    await silence.promise;
  }
  const messages = grpc(fixture.url).connectSupervisor(frames(), as("sandbox"))[Symbol.asyncIterator]();
  await messages.next();
  const drained = fixture.door.drain("test", long);
  await expect(messages.next()).rejects.toMatchObject({ code: Code.Unavailable });
  expect(((await told.promise) as Refusal).reason).toBe("shutting-down");
  silence.resolve();
  await drained;
});

test("connections without a request are closed at once", async () => {
  await using fixture = await startFrontDoor();
  await using session = http2Session(fixture.url);
  await ask(session, grpcHeaders(health), frame(Buffer.alloc(0)));
  const http1 = await fixture.socket();
  http1.write("GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n");
  await new Promise((resolve) => http1.once("data", resolve));
  const silent = received(await fixture.socket());
  const closed = [new Promise((resolve) => session.once("close", resolve)), received(http1), silent];
  const started = performance.now();
  await fixture.door.drain("test", long);
  expect(performance.now() - started).toBeLessThan(500);
  await Promise.all(closed);
});

test("a client that abandoned a stream over HTTP/1.1 and keeps its socket holds nothing up beyond the deadline", async () => {
  await using fixture = await startFrontDoor({
    handlers: {
      async *watchSandbox() {
        for (;;) yield { payload: { case: "warning", value: { message: "x".repeat(100_000) } } };
      },
    },
  });
  const socket = await fixture.socket();
  const request = frame(Buffer.from(JSON.stringify({ id: sandboxId })));
  socket.write(
    `POST /openshell.v1.OpenShell/WatchSandbox HTTP/1.1\r\nhost: a\r\nauthorization: Bearer user\r\n` +
      `content-type: application/connect+json\r\ncontent-length: ${request.length}\r\n\r\n`,
  );
  socket.write(request);
  await new Promise((resolve) => socket.once("data", resolve));
  socket.pause();
  const started = performance.now();
  await fixture.door.drain("test", 400);
  expect(performance.now() - started).toBeGreaterThanOrEqual(390);
  expect(performance.now() - started).toBeLessThan(2_000);
  socket.destroy();
});

test("a call that does not end is cut off at the deadline, and its caller hears of no success", async () => {
  const call = held();
  await using fixture = await startFrontDoor(call);
  const inFlight = grpc(fixture.url).getSandboxConfig({ sandboxId }, as("sandbox"));
  const failed = expect(inFlight).rejects.toThrow(ConnectError);
  await call.entered;
  await fixture.door.drain("test", 200);
  await failed;
  expect(fixture.lines.join("\n")).toContain("requests are cut off");
  call.release();
});

test("a drain may be hurried", async () => {
  const call = held();
  await using fixture = await startFrontDoor(call);
  const inFlight = grpc(fixture.url).getSandboxConfig({ sandboxId }, as("sandbox"));
  const failed = expect(inFlight).rejects.toThrow(ConnectError);
  await call.entered;
  const patient = fixture.door.drain("stop", long);
  await fixture.door.drain("stop now", 0);
  await patient;
  await failed;
  call.release();
});

test("a health watch hears that calls are not served any more, and then where it stands", async () => {
  await using fixture = await startFrontDoor();
  const watch = createClient(Health, createGrpcTransport({ baseUrl: fixture.url }))
    .watch({})
    [Symbol.asyncIterator]();
  expect((await watch.next()).value).toMatchObject({ status: Status.SERVING });
  const drained = fixture.door.drain("test", long);
  expect((await watch.next()).value).toMatchObject({ status: Status.NOT_SERVING });
  await expect(watch.next()).rejects.toMatchObject({ code: Code.Unavailable });
  await drained;
});
