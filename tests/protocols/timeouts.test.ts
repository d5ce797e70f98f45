import { expect, test } from "vitest";
import { FakeClock } from "../support/fake-clock.ts";
import { received, startFrontDoor } from "./support/fixture.ts";
import { ask, frame, grpcHeaders, health, http2Session } from "./support/http2-client.ts";

const none = frame(Buffer.alloc(0));

test("half-sent HTTP/1.1 headers are cut, though the HTTP/1.1 server never listens", async () => {
  await using fixture = await startFrontDoor({ limits: { headersMs: 300 } });
  const socket = await fixture.socket();
  const answer = received(socket);
  socket.write("GET /healthz HTTP/1.1\r\nhost: a\r\nx-slow: ");
  expect(await answer).toMatch(/^HTTP\/1.1 408 /);
});

test("an idle HTTP/1.1 connection is closed", async () => {
  await using fixture = await startFrontDoor({ limits: { idleMs: 100 } });
  const socket = await fixture.socket();
  const answer = received(socket);
  socket.write("GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n");
  expect(await answer).toMatch(/^HTTP\/1.1 200 /);
});

test("an HTTP/2 connection that makes no request after its preface is asked to go", async () => {
  const clock = new FakeClock();
  await using fixture = await startFrontDoor({ clock, limits: { firstRequestMs: 15_000, pingMs: 60_000 } });
  await using session = http2Session(fixture.url);
  const gone = new Promise<number>((resolve) => session.once("goaway", resolve));
  await new Promise((resolve) => session.once("remoteSettings", resolve));
  await clock.advance(15_000);
  expect(await gone).toBe(0);
});

test("one that has made a request may stay for longer, and not for ever", async () => {
  const clock = new FakeClock();
  await using fixture = await startFrontDoor({ clock, limits: { idleMs: 100_000 } });
  await using session = http2Session(fixture.url);
  let gone = false;
  session.once("goaway", () => {
    gone = true;
  });
  await ask(session, grpcHeaders(health), none);
  for (let passed = 0; passed < 80_000; passed += 20_000) {
    await clock.advance(20_000);
    await roundTrip(session);
  }
  expect(gone).toBe(false);
  await clock.advance(20_000);
  await expect.poll(() => gone).toBe(true);
});

test("an HTTP/2 client that answers no ping is cut off", async () => {
  const clock = new FakeClock();
  await using fixture = await startFrontDoor({ clock, limits: { firstRequestMs: 600_000 } });
  const socket = await fixture.socket();
  socket.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  socket.write(Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]));
  const pinged = new Promise<void>((resolve) => {
    // A PING frame has 8 bytes and type 6.
    socket.on("data", (data: Buffer) => data.includes(Buffer.from([0, 0, 8, 6])) && resolve());
  });
  const closed = new Promise((resolve) => socket.once("close", resolve));
  await expect.poll(() => clock.waiting).toBeGreaterThanOrEqual(2);
  await clock.advance(20_000);
  await pinged;
  await clock.advance(10_000);
  await closed;
});

test("a client that answers pings is kept, and may ping as often as it likes", async () => {
  const clock = new FakeClock();
  await using fixture = await startFrontDoor({ clock });
  await using session = http2Session(fixture.url);
  await ask(session, grpcHeaders(health), none);
  for (let round = 0; round < 6; round++) {
    await clock.advance(20_000);
    for (let ping = 0; ping < 10; ping++) await roundTrip(session);
  }
  const { trailers } = await ask(session, grpcHeaders(health), none);
  expect(trailers["grpc-status"]).toBe("0");
});

test.each([
  ["grpc-timeout", "99999999H", "application/grpc"],
  ["connect-timeout-ms", "9999999999", "application/proto"],
])("%s: %s is no deadline that a timer can wait for, and none that has passed", async (name, value, type) => {
  const warnings: Error[] = [];
  const warned = (warning: Error) => void warnings.push(warning);
  process.on("warning", warned);
  await using fixture = await startFrontDoor();
  await using session = http2Session(fixture.url);
  const body = type === "application/grpc" ? none : Buffer.alloc(0);
  const answer = await ask(session, { ...grpcHeaders(health), "content-type": type, [name]: value }, body);
  expect(answer.headers[":status"]).toBe(200);
  expect(answer.trailers["grpc-status"] ?? "0").toBe("0");
  process.off("warning", warned);
  expect(warnings).toEqual([]);
});

/** Resolves once the peer has answered, so that all that went before has arrived on both sides. */
function roundTrip(session: import("node:http2").ClientHttp2Session): Promise<void> {
  return new Promise((resolve, reject) => session.ping((error) => (error ? reject(error) : resolve())));
}
