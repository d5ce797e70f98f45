import { brotliCompressSync, gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { sandboxId, startFrontDoor } from "../protocols/support/fixture.ts";
import { ask, config, frame, grpcHeaders, http2Session } from "../protocols/support/http2-client.ts";
import { bothWays, sharedDoor } from "./both-ways.ts";

const authorization = "Bearer sandbox";
const limit = 1024 * 1024;

/** A good request of exactly so many bytes: what is too much stands in a field that nobody knows. */
function messageOf(size: number): Buffer {
  const id = Buffer.concat([Buffer.from([0x0a, 36]), Buffer.from(sandboxId)]);
  const rest = size - id.length - 2 - 3;
  const length = Buffer.from([(rest & 0x7f) | 0x80, ((rest >> 7) & 0x7f) | 0x80, rest >> 14]);
  return Buffer.concat([id, Buffer.from([0xfa, 0x7f]), length, Buffer.alloc(rest, 0x61)]);
}

const bomb = Buffer.alloc(50 * limit);

/** Makes calls on one way, and tells their status. */
function caller(leanUnary: boolean) {
  const door = sharedDoor(leanUnary);
  const call = async (body: Buffer, headers: Record<string, string> = {}) => {
    const { trailers } = await door.ask(grpcHeaders(config, { authorization, ...headers }), body);
    return trailers["grpc-status"];
  };
  return { call };
}

describe.each(bothWays)("A-60: over gRPC on %s", (_way, leanUnary) => {
  const { call } = caller(leanUnary);

  test("a message of the limit is taken", async () => {
    expect(messageOf(limit)).toHaveLength(limit);
    expect(await call(frame(messageOf(limit)))).toBe("0");
  });

  test("one byte more is resource exhausted", async () => {
    expect(await call(frame(messageOf(limit + 1)))).toBe("8");
  });

  test("an envelope that announces 4 GiB is refused by its head, and no memory is set aside for it", async () => {
    const before = process.memoryUsage().arrayBuffers;
    expect(await call(Buffer.from([0, 0xff, 0xff, 0xff, 0xff]))).toBe("8");
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * limit);
  });
});

describe.each(["application/json", "application/proto"])("A-60: over Connect as %s", (type) => {
  test("one byte more than the limit is resource exhausted", async () => {
    await using fixture = await startFrontDoor();
    const json = `{"sandboxId":"${sandboxId}"}`;
    const body = type === "application/json" ? json.padEnd(limit + 1) : new Uint8Array(messageOf(limit + 1));
    const answer = await fetch(`${fixture.url}${config}`, {
      method: "POST",
      headers: { "content-type": type, authorization },
      body,
    });
    expect(answer.status).toBe(429);
    expect(await answer.json()).toMatchObject({ code: "resource_exhausted" });
  });
});

test.each([
  ["a stream's frame", "/openshell.v1.OpenShell/PushSandboxLogs"],
  ["a frame of a stream both ways", "/openshell.v1.OpenShell/ConnectSupervisor"],
])("A-60: %s over the limit is resource exhausted", async (_what, path) => {
  await using fixture = await startFrontDoor();
  await using session = http2Session(fixture.url);
  const { trailers } = await ask(session, grpcHeaders(path, { authorization }), frame(messageOf(limit + 1)));
  expect(trailers["grpc-status"]).toBe("8");
});

describe.each(bothWays)("A-61: over gRPC on %s", (_way, leanUnary) => {
  const { call } = caller(leanUnary);
  test.each([
    ["gzip", gzipSync(bomb)],
    ["br", brotliCompressSync(bomb)],
  ])("%s that unfolds to 50 MiB is resource exhausted", async (encoding, packed) => {
    expect(packed.length).toBeLessThan(64 * 1024);
    expect(await call(frame(packed, 1), { "grpc-encoding": encoding })).toBe("8");
  });

  test("gzip within gzip is unfolded once, and then is no message", async () => {
    expect(await call(frame(gzipSync(gzipSync(Buffer.alloc(1000))), 1), { "grpc-encoding": "gzip" })).toBe("3");
  });

  test("a compressed message that is none is refused", async () => {
    expect(await call(frame(Buffer.from("nonsense"), 1), { "grpc-encoding": "gzip" })).toBe("3");
  });

  test("a compressed frame without an encoding is refused", async () => {
    expect(await call(frame(gzipSync(messageOf(1000)), 1))).toMatch(/^(3|13)$/);
  });

  test("an encoding that is not known is unimplemented", async () => {
    expect(await call(frame(messageOf(1000), 1), { "grpc-encoding": "zstd" })).toBe("12");
  });
});

test("A-61: a bomb over Connect is resource exhausted", async () => {
  await using fixture = await startFrontDoor();
  const headers = { "content-type": "application/json", "content-encoding": "gzip", authorization };
  const answer = await fetch(`${fixture.url}${config}`, {
    method: "POST",
    headers,
    body: new Uint8Array(gzipSync(bomb)),
  });
  expect(answer.status).toBe(429);
});
