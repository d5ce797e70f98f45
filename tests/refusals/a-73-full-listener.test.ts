import { connect } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { authority, filesIn, issued } from "../protocols/support/certificates.ts";
import { type Fixture, sandboxId, startFrontDoor } from "../protocols/support/fixture.ts";
import { ask, config, frame, grpcHeaders, health, http2Session } from "../protocols/support/http2-client.ts";
import { opening } from "../protocols/support/http2-frames.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const none = frame(Buffer.alloc(0));
const quietMs = 2_000;

/** Watches a socket; says whether the gateway has closed it. */
async function held(fixture: Fixture, says = "") {
  const socket = await fixture.socket();
  let closed = false;
  socket
    .on("error", () => undefined)
    .on("close", () => {
      closed = true;
    });
  socket.resume();
  if (says) socket.write(says);
  return { socket, isClosed: () => closed };
}

async function callsNewly({ url }: Fixture): Promise<unknown> {
  await using session = http2Session(url);
  const { trailers } = await ask(session, grpcHeaders(health), none);
  return trailers["grpc-status"];
}

test("A-73: connections that say nothing do not keep others out of a full listener", async () => {
  const clock = new FakeClock();
  await using fixture = await startFrontDoor({ clock, limits: { connections: 3 } });
  const silent = [await held(fixture), await held(fixture), await held(fixture, "GET /healthz HTTP/1.1\r\nx: ")];
  expect(await callsNewly(fixture)).toBeUndefined();
  expect(fixture.lines.join("\n")).toContain("connections are refused");
  await clock.advance(quietMs);
  expect(await callsNewly(fixture)).toBe("0");
  await expect.poll(() => silent.filter(({ isClosed }) => isClosed())).toHaveLength(1);
  expect(fixture.lines.join("\n")).toContain("connections that did nothing were ended");
  for (const { socket } of silent) socket.destroy();
});

async function certificate() {
  const directory = temporaryDirectory();
  onTestFinished(() => directory[Symbol.dispose]());
  const files = filesIn(directory.path);
  await files.write(await issued(await authority("full"), "gateway"));
  return { certFile: files.certFile, keyFile: files.keyFile };
}

test.each([
  ["cleartext", async () => ({})],
  ["TLS", async () => ({ tls: await certificate() })],
])(
  "A-73: over %s, a request that is being served keeps its connection's place, whoever comes",
  async (_over, listener) => {
    const clock = new FakeClock();
    const answer = Promise.withResolvers<void>();
    const handlers = {
      getSandboxConfig: async () => {
        await answer.promise;
        return { version: 8 };
      },
    };
    const limits = { connections: 1, pingMs: 600_000 };
    await using fixture = await startFrontDoor({ clock, handlers, limits, listeners: [await listener()] });
    await using busy = http2Session(fixture.url);
    const call = ask(
      busy,
      grpcHeaders(config, { authorization: "Bearer sandbox" }),
      frame(Buffer.concat([Buffer.from([0x0a, 36]), Buffer.from(sandboxId)])),
    );
    await expect.poll(() => fixture.arrivals).toHaveLength(1);
    await clock.advance(10 * quietMs);
    expect(await callsNewly(fixture)).toBeUndefined();
    answer.resolve();
    expect((await call).trailers["grpc-status"]).toBe("0");

    // A moment ago it was used: whoever is between two calls is left alone.
    expect(await callsNewly(fixture)).toBeUndefined();
    expect((await ask(busy, grpcHeaders(health), none)).trailers["grpc-status"]).toBe("0");
    await clock.advance(quietMs);
    expect(await callsNewly(fixture)).toBe("0");
    await expect.poll(() => busy.closed || busy.destroyed).toBe(true);
  },
);

test("A-73: an HTTP/2 client that does not hang up when it was told to go is cut off", async () => {
  const clock = new FakeClock();
  const limits = { firstRequestMs: 5_000, pingMs: 600_000, pingAckMs: 3_000 };
  await using fixture = await startFrontDoor({ clock, limits });
  const lingering = connect({ port: fixture.address.port, host: "127.0.0.1", allowHalfOpen: true });
  onTestFinished(() => void lingering.destroy());
  let isTold = false;
  let isCutOff = false;
  lingering.on("end", () => {
    isTold = true;
  });
  lingering.on("error", () => {
    isCutOff = true;
  });
  lingering.resume().write(opening);
  await expect.poll(() => clock.waiting).toBeGreaterThanOrEqual(2);
  await clock.advance(5_000);
  await expect.poll(() => isTold).toBe(true);
  // It may say something yet; nobody listens once its time is over, and it hears that.
  lingering.write(opening);
  await clock.advance(2_999);
  expect(isCutOff).toBe(false);
  await clock.advance(1);
  const speak = () => {
    lingering.write("x");
    return isCutOff;
  };
  await expect.poll(speak).toBe(true);
});
