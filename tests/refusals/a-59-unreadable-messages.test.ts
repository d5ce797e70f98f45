import { describe, expect, test } from "vitest";
import { sandboxId, startFrontDoor } from "../protocols/support/fixture.ts";
import { ask, config, frame, grpcHeaders, http2Session } from "../protocols/support/http2-client.ts";
import { bothWays, sharedDoor } from "./both-ways.ts";

const messages: readonly (readonly [string, Buffer])[] = [
  ["a message that ends within a field", Buffer.from([0x0a, 36, 0x37])],
  ["60 kB of opened groups", Buffer.alloc(60_000, 0x0b)],
  ["a varint without end", Buffer.alloc(20, 0xff)],
  ["field number 0", Buffer.from([0x02, 0x00])],
  ["a wire type that does not exist", Buffer.from([0x0f])],
  ["a length beyond the message", Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f])],
  ["a text that is not UTF-8", Buffer.from([0x0a, 0x02, 0xc3, 0x28])],
];

const authorization = "Bearer sandbox";

describe.each(bothWays)("A-59: over gRPC, to a unary method on %s", (_way, leanUnary) => {
  const door = sharedDoor(leanUnary);

  test.each(messages)("%s is an invalid argument, at once", async (_what, message) => {
    const started = performance.now();
    const { trailers } = await door.ask(grpcHeaders(config, { authorization }), frame(message));
    expect(performance.now() - started).toBeLessThan(1_000);
    expect(trailers["grpc-status"]).toBe("3");
    expect(door.news()).toMatchObject({ records: [{ code: "invalid_argument" }], lines: [] });
  });

  test.each([
    ["an envelope that is cut off", Buffer.from([0, 0, 0, 0, 9, 1])],
    ["half an envelope's head", Buffer.from([0, 0])],
    ["a byte behind the message", Buffer.concat([frame(Buffer.alloc(0)), Buffer.of(0)])],
  ])("%s is an invalid argument", async (_what, bytes) => {
    const { trailers } = await door.ask(grpcHeaders(config, { authorization }), bytes);
    expect(trailers["grpc-status"]).toBe("3");
    expect(door.news()).toMatchObject({ records: [{ code: "invalid_argument" }], lines: [] });
  });

  test.each([
    ["no message", Buffer.alloc(0)],
    ["an envelope without its message", Buffer.from([0, 0, 0, 0, 9])],
    ["two messages", Buffer.concat([frame(Buffer.alloc(0)), frame(Buffer.alloc(0))])],
  ])("%s is no unary call", async (_what, bytes) => {
    const { trailers } = await door.ask(grpcHeaders(config, { authorization }), bytes);
    expect(trailers["grpc-status"]).toBe("12");
    expect(door.news()).toMatchObject({ records: [{ code: "unimplemented" }], lines: [] });
  });

  test("A-57: fields that are not known are ignored", async () => {
    const message = Buffer.concat([
      Buffer.from([0x0a, 36]),
      Buffer.from(sandboxId),
      Buffer.from([0xfa, 0x7f, 0x01, 0x61]),
    ]);
    const { trailers } = await door.ask(grpcHeaders(config, { authorization }), frame(message));
    expect(trailers["grpc-status"]).toBe("0");
  });

  test("A-58: an empty message names no sandbox, and is an invalid argument", async () => {
    const { trailers } = await door.ask(grpcHeaders(config, { authorization }), frame(Buffer.alloc(0)));
    expect(trailers["grpc-status"]).toBe("3");
  });
});

describe.each([
  ["a stream from the client", "/openshell.v1.OpenShell/PushSandboxLogs"],
  ["a stream both ways", "/openshell.v1.OpenShell/ConnectSupervisor"],
])("A-59: over gRPC, to %s", (_kind, path) => {
  test.each(messages)("%s is an invalid argument, at once", async (_what, message) => {
    await using fixture = await startFrontDoor();
    await using session = http2Session(fixture.url);
    const started = performance.now();
    const { trailers } = await ask(session, grpcHeaders(path, { authorization }), frame(message));
    expect(performance.now() - started).toBeLessThan(1_000);
    expect(trailers["grpc-status"]).toBe("3");
    await expect.poll(() => fixture.records).toMatchObject([{ code: "invalid_argument" }]);
    expect(fixture.lines).toEqual([]);
  });
});

test.each(messages)(
  "A-59: over gRPC, %s to a stream from the server is an invalid argument",
  async (_what, message) => {
    await using fixture = await startFrontDoor();
    await using session = http2Session(fixture.url);
    const headers = grpcHeaders("/openshell.v1.OpenShell/WatchSandbox", { authorization: "Bearer user" });
    expect((await ask(session, headers, frame(message))).trailers["grpc-status"]).toBe("3");
  },
);

test.each(messages)("A-59: over gRPC-Web, %s is an invalid argument", async (_what, message) => {
  await using fixture = await startFrontDoor();
  await using session = http2Session(fixture.url);
  const headers = { ...grpcHeaders(config, { authorization }), "content-type": "application/grpc-web+proto" };
  expect((await ask(session, headers, frame(message))).body).toContain("grpc-status: 3");
});

test.each(messages)("A-59: over Connect, %s is an invalid argument", async (_what, message) => {
  await using fixture = await startFrontDoor();
  const answer = await fetch(`${fixture.url}${config}`, {
    method: "POST",
    headers: { "content-type": "application/proto", authorization },
    body: new Uint8Array(message),
  });
  expect(answer.status).toBe(400);
  expect(await answer.json()).toMatchObject({ code: "invalid_argument" });
});
