import { connect } from "node:http2";
import { describe, expect, test } from "vitest";
import { grpc } from "../protocols/support/clients.ts";
import { type Fixture, sandboxId, startFrontDoor } from "../protocols/support/fixture.ts";
import { config, frame, grpcHeaders } from "../protocols/support/http2-client.ts";
import { frameOf, preface } from "../protocols/support/http2-frames.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { bothWays } from "./both-ways.ts";

const settings = frameOf(4, 0, 0);
const headers = (flags: number) => frameOf(1, flags, 1, Buffer.from([0x83, 0x86, 0x84]));

/** Sends these frames again and again, without reading, until the gateway ends the connection. */
async function flood(fixture: Fixture, first: Buffer, repeated: Buffer): Promise<void> {
  const socket = await fixture.socket();
  let open = true;
  socket.on("error", () => undefined);
  const closed = new Promise<void>((resolve) =>
    socket.once("close", () => {
      open = false;
      resolve();
    }),
  );
  socket.write(Buffer.concat([preface, settings, first]));
  const burst = Buffer.concat(Array(200).fill(repeated));
  for (let sent = 0; open && sent < 2_000; sent++) {
    const more = socket.write(burst);
    await new Promise((resolve) =>
      more ? setImmediate(resolve) : socket.once("drain", resolve).once("close", resolve),
    );
    if (sent === 50) socket.resume();
  }
  await closed;
}

test.each([
  ["CONTINUATION frames without end", headers(0), frameOf(9, 0, 1, Buffer.from([0x40, 1, 0x61, 1, 0x62]))],
  ["empty CONTINUATION frames", headers(0), frameOf(9, 0, 1)],
  ["SETTINGS frames", Buffer.alloc(0), settings],
  ["PING frames whose answers nobody reads", Buffer.alloc(0), frameOf(6, 0, 0, Buffer.alloc(8))],
  [
    "PRIORITY frames of a stream that depends on itself",
    Buffer.alloc(0),
    frameOf(2, 0, 1, Buffer.from([0, 0, 0, 1, 0])),
  ],
  ["frames on stream 0 that belong on none", Buffer.alloc(0), frameOf(0, 0, 0, Buffer.from("x"))],
  ["WINDOW_UPDATEs beyond the window", Buffer.alloc(0), frameOf(8, 0, 0, Buffer.from([0x7f, 0xff, 0xff, 0xff]))],
])("A-72: %s end the connection, and others are served", async (_what, first, repeated) => {
  // Frames that cost next to nothing are borne for as long as a connection may live without a request.
  await using fixture = await startFrontDoor({ limits: { firstRequestMs: 1_500 } });
  const before = process.memoryUsage().rss;
  await flood(fixture, first, repeated);
  expect(process.memoryUsage().rss - before).toBeLessThan(128 * 1024 * 1024);
  expect(await grpc(fixture.url).health({})).toMatchObject({ version: "test" });
});

test("A-72: ten thousand streams at once are no more than a connection may have", async () => {
  await using fixture = await startFrontDoor();
  const socket = await fixture.socket();
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.on("error", () => undefined).resume();
  socket.write(Buffer.concat([preface, settings]));
  const block = Buffer.from([0x83, 0x86, 0x84, 0x41, 0x01, 0x61]);
  for (let stream = 1; stream < 20_000 && !socket.destroyed; stream += 2) {
    if (!socket.write(frameOf(1, 4, stream, block)))
      await new Promise((resolve) => socket.once("drain", resolve).once("close", resolve));
  }
  await closed;
  expect(await grpc(fixture.url).health({})).toMatchObject({ version: "test" });
});

describe.each(bothWays)("A-72: on %s", (_way, leanUnary) => {
  test("answers to a client that grants no window are given up, and others are served meanwhile", async () => {
    const clock = new FakeClock();
    const handlers = { getSandboxConfig: () => ({ policyHash: "x".repeat(100_000) }) };
    await using fixture = await startFrontDoor({ leanUnary, clock, handlers, limits: { pingMs: 600_000 } });
    const session = connect(fixture.url, { settings: { initialWindowSize: 0 } });
    const named = frame(Buffer.concat([Buffer.from([0x0a, 36]), Buffer.from(sandboxId)]));
    const resets = Array.from({ length: 20 }, () => {
      const stream = session.request(grpcHeaders(config, { authorization: "Bearer sandbox" }));
      stream.on("error", () => undefined).end(named);
      return new Promise((resolve) => stream.once("close", () => resolve(stream.rstCode)));
    });
    await expect.poll(() => fixture.arrivals).toHaveLength(20);
    expect(await grpc(fixture.url).health({})).toMatchObject({ version: "test" });
    await new Promise((resolve) => session.ping(resolve));
    await clock.advance(30_000);
    expect(new Set(await Promise.all(resets))).toEqual(new Set([8]));
    await fixture.door.drain("nothing is in flight", 60_000);
  });
});
