import { Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { expect, test, vi } from "vitest";
import { FakeClock } from "../support/fake-clock.ts";
import { grpc } from "./support/clients.ts";
import { received, startFrontDoor } from "./support/fixture.ts";
import { ask, frame, grpcHeaders, health, http2Session } from "./support/http2-client.ts";

const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const emptySettings = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
const h1Request = (connection = "close") =>
  `POST ${health} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 2\r\nconnection: ${connection}\r\n\r\n{}`;

/** Writes bytes one by one, each in a packet of its own. */
async function drip(socket: import("node:net").Socket, bytes: Buffer | string) {
  for (const byte of Buffer.from(bytes as string)) {
    socket.write(Buffer.from([byte]));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test("an HTTP/2 preface that comes byte by byte is put together", async () => {
  await using fixture = await startFrontDoor();
  const socket = await fixture.socket();
  await drip(socket, preface);
  socket.write(emptySettings);
  const [first] = await new Promise<Buffer[]>((resolve) => socket.once("data", (data) => resolve([data])));
  // A SETTINGS frame, on stream 0.
  expect(first?.[3]).toBe(4);
  socket.destroy();
});

test("an HTTP/1.1 request that comes byte by byte is put together", async () => {
  await using fixture = await startFrontDoor();
  const socket = await fixture.socket();
  const answer = received(socket);
  await drip(socket, h1Request());
  expect(await answer).toMatch(/^HTTP\/1.1 200 OK\r\n[\s\S]*"version":"test"/);
});

test("a client may send its first frames in one packet with its preface", async () => {
  await using fixture = await startFrontDoor();
  await using session = http2Session(fixture.url);
  const { trailers } = await ask(session, grpcHeaders(health), frame(Buffer.alloc(0)));
  expect(trailers["grpc-status"]).toBe("0");
});

test.each(["P", "PR", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r"])(
  "a socket that stops after %j burns no time, and is ended in time",
  async (start) => {
    const clock = new FakeClock();
    await using fixture = await startFrontDoor({ clock, limits: { openingMs: 10_000 } });
    const socket = await fixture.socket();
    const closed = received(socket);
    await drip(socket, start);
    await expect.poll(() => clock.waiting).toBeGreaterThan(0);
    // Bytes that are put back too soon are read again for ever, once in each turn of the event loop.
    using putBack = vi.spyOn(Socket.prototype, "unshift");
    for (let turn = 0; turn < 100; turn += 1) await new Promise(setImmediate);
    expect(putBack).not.toHaveBeenCalled();
    await clock.advance(10_000);
    expect(await closed).toBe("");
  },
);

test("a socket that never says anything is ended in time", async () => {
  const clock = new FakeClock();
  await using fixture = await startFrontDoor({ clock });
  const socket = await fixture.socket();
  const closed = received(socket);
  await expect.poll(() => clock.waiting).toBeGreaterThan(0);
  await clock.advance(10_000);
  expect(await closed).toBe("");
});

test("a socket that is half-closed before it said what it speaks is closed", async () => {
  await using fixture = await startFrontDoor();
  const socket = await fixture.socket();
  const closed = received(socket);
  socket.end("PRI");
  expect(await closed).toBe("");
});

test("a client that half-closes after its HTTP/1.1 request gets its answer", async () => {
  await using fixture = await startFrontDoor();
  const socket = await fixture.socket();
  const answer = received(socket);
  socket.end(h1Request());
  expect(await answer).toMatch(/^HTTP\/1.1 200 /);
});

test("a TLS hello on a cleartext port closes that connection with a line in the log, and others go on", async () => {
  await using fixture = await startFrontDoor();
  const error = await new Promise<Error>((resolve) => {
    connectTls({ port: fixture.address.port, host: "127.0.0.1" }).once("error", resolve);
  });
  expect(error.message).toMatch(/disconnected|ECONNRESET|hang up/);
  expect(fixture.lines.join("\n")).toContain("warn a client spoke TLS on a cleartext port");
  expect(await grpc(fixture.url).health({})).toMatchObject({ version: "test" });
});

test("such lines are few, however many clients come", async () => {
  await using fixture = await startFrontDoor();
  for (let n = 0; n < 20; n++) {
    const socket = await fixture.socket();
    const closed = received(socket);
    socket.write(Buffer.from([0x16, 3, 1, 0, 5]));
    await closed;
  }
  expect(fixture.lines.filter((line) => line.includes("spoke TLS"))).toHaveLength(1);
});

test("an HTTP/2 client that hangs up leaves nothing behind", async () => {
  const clock = new FakeClock();
  await using fixture = await startFrontDoor({ clock });
  await using earlier = http2Session(fixture.url);
  await ask(earlier, grpcHeaders(health), frame(Buffer.alloc(0)));
  const idle = clock.waiting;
  const session = http2Session(fixture.url);
  await ask(session, grpcHeaders(health), frame(Buffer.alloc(0)));
  expect(clock.waiting).toBeGreaterThan(idle);
  await session[Symbol.asyncDispose]();
  await expect.poll(() => clock.waiting).toBe(idle);
});
