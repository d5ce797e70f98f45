import { constants } from "node:http2";
import { gunzipSync } from "node:zlib";
import { fromBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { GetSandboxConfigResponseSchema } from "../../gen/openshell/sandbox/v1/config_pb.ts";
import { sandboxId, startFrontDoor } from "./support/fixture.ts";
import { ask, config, frame, grpcHeaders, grpcStatus, http2Session } from "./support/http2-client.ts";
import { frameOf, frameTypes, opening, requestOf } from "./support/http2-frames.ts";

const authorization = "Bearer sandbox";
const body = frame(Buffer.concat([Buffer.from([0x0a, 36]), Buffer.from(sandboxId)]));
const headers = (more = {}) => grpcHeaders(config, { authorization, ...more });

describe.each([
  ["past Connect", true],
  ["through Connect", false],
])("a unary gRPC call, %s", (_way, leanUnary) => {
  test("is answered at its deadline, whatever the handler does", async () => {
    let reason: unknown;
    const held = Promise.withResolvers<never>();
    await using fixture = await startFrontDoor({
      leanUnary,
      handlers: {
        async getSandboxConfig(_request, { signal }) {
          signal.addEventListener("abort", () => {
            reason = signal.reason;
          });
          return await held.promise;
        },
      },
    });
    await using session = http2Session(fixture.url);
    const { trailers } = await ask(session, headers({ "grpc-timeout": "20m" }), body);
    expect(trailers["grpc-status"]).toBe("4");
    expect(trailers["grpc-message"]).toBe(encodeURIComponent("the operation timed out"));
    expect(reason).toMatchObject({ code: Code.DeadlineExceeded });
    expect(fixture.records).toMatchObject([{ code: "deadline_exceeded", principalKind: "sandbox" }]);
  });

  test("whose deadline has passed as it comes is not made", async () => {
    let made = 0;
    await using fixture = await startFrontDoor({
      leanUnary,
      handlers: { getSandboxConfig: () => ({ version: ++made }) },
    });
    await using session = http2Session(fixture.url);
    const { trailers } = await ask(session, headers({ "grpc-timeout": "0S" }), body);
    expect([trailers["grpc-status"], made]).toEqual(["4", 0]);
  });

  test("is answered at its deadline while its message does not come", async () => {
    await using fixture = await startFrontDoor({ leanUnary });
    await using session = http2Session(fixture.url);
    const stream = session.request(headers({ "grpc-timeout": "20m" }));
    stream.on("error", () => undefined).resume();
    stream.write(body.subarray(0, 7));
    expect(await grpcStatus(stream)).toBe("4");
    await expect.poll(() => fixture.records).toMatchObject([{ code: "deadline_exceeded" }]);
  });

  test("that its caller resets tells the handler, and is not answered", async () => {
    const told = Promise.withResolvers<unknown>();
    const began = Promise.withResolvers<void>();
    await using fixture = await startFrontDoor({
      leanUnary,
      handlers: {
        async getSandboxConfig(_request, { signal }) {
          signal.addEventListener("abort", () => told.resolve(signal.reason));
          began.resolve();
          await told.promise;
          return {};
        },
      },
    });
    await using session = http2Session(fixture.url);
    const stream = session.request(headers());
    stream.on("error", () => undefined);
    stream.end(body);
    await began.promise;
    stream.close(8);
    expect(await told.promise).toMatchObject({ code: Code.Canceled });
    await expect.poll(() => fixture.records).toMatchObject([{ code: "canceled" }]);
    await fixture.door.drain("nothing is in flight", 60_000);
  });

  test("that ends well tells a handler's leftover that it is over", async () => {
    const told = Promise.withResolvers<unknown>();
    await using fixture = await startFrontDoor({
      leanUnary,
      handlers: {
        getSandboxConfig(_request, { signal }) {
          signal.addEventListener("abort", () => told.resolve(signal.reason));
          return {};
        },
      },
    });
    await using session = http2Session(fixture.url);
    await ask(session, headers(), body);
    expect(await told.promise).toMatchObject({ name: "AbortError", message: "the call is over" });
  });

  test("is answered compressed where its caller can read that, and plainly where the answer is small", async () => {
    let workspace = "x".repeat(5_000);
    await using fixture = await startFrontDoor({ leanUnary, handlers: { getSandboxConfig: () => ({ workspace }) } });
    await using session = http2Session(fixture.url);
    const exchange = async (accepted: string) => {
      const stream = session.request(headers({ "grpc-accept-encoding": accepted }));
      const encoding = new Promise((resolve) => stream.once("response", (given) => resolve(given["grpc-encoding"])));
      stream.end(body);
      const bytes = Buffer.concat(await stream.toArray());
      return { encoding: await encoding, flags: bytes[0], message: bytes.subarray(5) };
    };
    const compressed = await exchange("deflate, gzip");
    expect(compressed).toMatchObject({ encoding: "gzip", flags: 1 });
    expect(fromBinary(GetSandboxConfigResponseSchema, gunzipSync(compressed.message)).workspace).toBe(workspace);
    expect(await exchange("deflate")).toMatchObject({ encoding: undefined, flags: 0 });
    workspace = "x";
    expect(await exchange("gzip")).toMatchObject({ flags: 0 });
  });

  test("of a service without a guard gets the headers, trailers and errors that its implementation says", async () => {
    const { Health } = await import("../../gen/grpc/health/v1/health_pb.ts");
    const method = { ...Health.method.check, name: "Own" };
    await using fixture = await startFrontDoor({
      leanUnary,
      openServices: (router) =>
        router.rpc(method, ({ service }, context) => {
          context.responseHeader.set("x-own", "header");
          context.responseTrailer.set("x-own-bin", "AAE");
          if (service === "bad") throw new ConnectError("no such", Code.NotFound, { "x-why": "bad" });
          if (service === "worse") throw new Error("a secret");
          return { status: context.requestHeader.has("authorization") ? 2 : 1 };
        }),
    });
    await using session = http2Session(fixture.url);
    const own = (service: string) =>
      ask(
        session,
        grpcHeaders("/grpc.health.v1.Health/Own", { authorization }),
        frame(Buffer.concat([Buffer.from([0x0a, service.length]), Buffer.from(service)])),
      );
    const good = await own("good");
    expect(good.headers["x-own"]).toBe("header");
    expect(good.trailers).toMatchObject({ "grpc-status": "0", "x-own-bin": "AAE" });
    expect(good.body).toBe("\0\0\0\0\x02\b\x01");
    const bad = await own("bad");
    expect(bad.headers["x-own"]).toBe("header");
    expect(bad.trailers).toMatchObject({ "grpc-status": "5", "grpc-message": "no%20such", "x-why": "bad" });
    expect((await own("worse")).trailers).toMatchObject({ "grpc-status": "13", "grpc-message": "internal%20error" });
    expect(fixture.records.map(({ code }) => code)).toEqual(["ok", "not_found", "internal"]);
  });
});

test("an error past Connect is one block of headers, and a client that still sends is told to stop", async () => {
  await using fixture = await startFrontDoor();
  await using session = http2Session(fixture.url);
  const stream = session.request(headers({ authorization: "Bearer expired" }));
  stream.on("error", () => undefined).resume();
  stream.write(body.subarray(0, 7));
  const [given, flags] = await new Promise<[Record<string, unknown>, number]>((resolve) =>
    stream.once("response", (...event) => resolve(event as never)),
  );
  expect(given).toMatchObject({ ":status": 200, "grpc-status": "16" });
  expect(given["grpc-status-details-bin"]).toBeTypeOf("string");
  // END_STREAM (RFC 9113, section 6.2).
  expect(flags & 1).toBe(1);
  await new Promise((resolve) => stream.once("close", resolve));
  expect(stream.rstCode).toBe(0);
});

test("an answer past Connect that cannot be written ends its own stream alone", async () => {
  const { Health } = await import("../../gen/grpc/health/v1/health_pb.ts");
  await using fixture = await startFrontDoor({
    openServices: (router) =>
      router.rpc({ ...Health.method.check, name: "Own" }, (_request, context) => {
        context.responseHeader.set("connection", "close");
        return {};
      }),
  });
  await using session = http2Session(fixture.url);
  const answer = await ask(session, grpcHeaders("/grpc.health.v1.Health/Own"), frame(Buffer.alloc(0)));
  expect(answer).toMatchObject({ headers: {}, rstCode: 2 });
  expect(fixture.lines.filter((line) => line.includes("an answer was cut off"))).toHaveLength(1);
  expect((await ask(session, headers(), body)).trailers["grpc-status"]).toBe("0");
});

test("an answer that is too large is recorded as what its caller was told, through Connect too", async () => {
  const workspace = "x".repeat(2_000);
  await using fixture = await startFrontDoor({
    leanUnary: false,
    limits: { answerBytes: 1_000 },
    handlers: { getSandboxConfig: () => ({ workspace }) },
  });
  await using session = http2Session(fixture.url);
  expect((await ask(session, headers(), body)).trailers["grpc-status"]).toBe("8");
  await expect.poll(() => fixture.records).toMatchObject([{ code: "resource_exhausted" }]);
});

// By hand: Node's own client ends a stream in order before it resets it.
test.each([
  ["past Connect", true],
  ["through Connect", false],
])("a caller that resets its call before the end of its message is not served, %s", async (_way, leanUnary) => {
  let made = 0;
  await using fixture = await startFrontDoor({
    leanUnary,
    handlers: { getSandboxConfig: () => ({ version: ++made }) },
  });
  const socket = await fixture.socket();
  socket.resume().write(opening);
  for (const [at, code] of [constants.NGHTTP2_CANCEL, constants.NGHTTP2_NO_ERROR].entries()) {
    const stream = at * 2 + 1;
    const lines = Object.entries({ ...headers(), ":scheme": "http", ":authority": "a" }).map(
      ([name, value]) => [name, String(value)] as const,
    );
    lines.sort(([a], [b]) => Number(b.startsWith(":")) - Number(a.startsWith(":")));
    const request = requestOf(stream, lines, body);
    // Without END_STREAM.
    request[request.length - body.length - 5] = 0;
    socket.write(request);
    await expect.poll(() => fixture.arrivals.length).toBe(at + 1);
    socket.write(frameOf(frameTypes.reset, 0, stream, Buffer.from([0, 0, 0, code])));
    await expect.poll(() => fixture.records).toHaveLength(at + 1);
  }
  expect(fixture.records.map(({ code }) => code)).toEqual(["canceled", "canceled"]);
  expect(made).toBe(0);
  socket.destroy();
});
