import { expect, test } from "vitest";
import { received, startFrontDoor } from "../protocols/support/fixture.ts";
import {
  ask,
  config,
  frame,
  grpcHeaders,
  grpcStatus,
  health,
  http2Session,
} from "../protocols/support/http2-client.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { bothWays } from "./both-ways.ts";

const authorization = "Bearer sandbox";

test.each([
  ["a unary call on the short way", config, authorization, true],
  ["a unary call on the long way", config, authorization, false],
  ["a stream from the server", "/openshell.v1.OpenShell/WatchSandbox", "Bearer user", true],
])(
  "A-73: a body that does not come over HTTP/2 to %s is answered, and the stream is taken back",
  async (_what, path, bearer, leanUnary) => {
    const clock = new FakeClock();
    await using fixture = await startFrontDoor({ leanUnary, clock, limits: { pingMs: 600_000 } });
    await using session = http2Session(fixture.url);
    await ask(session, grpcHeaders(health), frame(Buffer.alloc(0)));
    const stream = session.request(grpcHeaders(path, { authorization: bearer }));
    const status = grpcStatus(stream);
    stream.on("error", () => undefined).resume();
    stream.write(Buffer.from([0, 0, 0]));
    await expect.poll(() => fixture.arrivals).toHaveLength(1);
    await new Promise((resolve) => session.ping(resolve));
    await clock.advance(9_000);
    stream.write(Buffer.from([0, 9]));
    await new Promise((resolve) => session.ping(resolve));
    await clock.advance(21_000);
    expect(await status).toBe("4");
    await expect.poll(() => fixture.records.at(-1)).toMatchObject({ code: "deadline_exceeded" });
    await fixture.door.drain("nothing is in flight", 60_000);
  },
);

test("A-73: a body that drips over HTTP/1.1 is answered in time, however often a byte comes", async () => {
  await using fixture = await startFrontDoor({ limits: { requestMs: 400 } });
  const socket = await fixture.socket();
  const answer = received(socket);
  socket.write(
    `POST ${config} HTTP/1.1\r\nhost: a\r\nauthorization: ${authorization}\r\ncontent-type: application/json\r\n`,
  );
  socket.write("content-length: 1000\r\n\r\n{");
  const drip = setInterval(() => socket.write(" "), 50);
  try {
    expect(await answer).toMatch(/^HTTP\/1\.1 (504|408) /);
  } finally {
    clearInterval(drip);
  }
});

test("A-73: a body to no route at all holds no connection", async () => {
  await using fixture = await startFrontDoor({ limits: { requestMs: 300, idleMs: 300 } });
  const socket = await fixture.socket();
  const answer = received(socket);
  socket.write("POST /nothing HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{");
  expect(await answer).toMatch(/^HTTP\/1\.1 404 /);
});

test.each(bothWays)("A-01, A-73: on %s, who is refused is refused before the body comes", async (_way, leanUnary) => {
  await using fixture = await startFrontDoor({ leanUnary });
  await using session = http2Session(fixture.url);
  const stream = session.request(grpcHeaders(config));
  const status = grpcStatus(stream);
  stream.on("error", () => undefined).resume();
  expect(await status).toBe("16");
  const socket = await fixture.socket();
  const first = new Promise<string>((resolve) => socket.once("data", (data) => resolve(String(data))));
  socket.write(
    `POST ${config} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 2000000\r\n\r\n`,
  );
  expect(await first).toMatch(/^HTTP\/1\.1 401 /);
  socket.destroy();
});
