import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { expect, test } from "vitest";
import { startFrontDoor } from "./support/fixture.ts";
import { ask, frame, grpcHeaders, health, http2Session } from "./support/http2-client.ts";

/**
 * A process that is held up (by a herd, by a busy machine) finds that its timers have run out while what would have
 * stopped them waits in its sockets. Whoever spoke in time is not thrown out: it would come back, with all the others.
 */
const patienceMs = 400;

/** Nothing else happens in this process, neither the gateway's timers nor its reading. */
function holdUp(ms = patienceMs + 100): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

const emptySettings = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
const none = frame(Buffer.alloc(0));

test("a connection that said what it speaks while the gateway was held up is served", async () => {
  await using fixture = await startFrontDoor({ limits: { openingMs: patienceMs } });
  const socket = await fixture.socket();
  socket.write("PRI * HTTP/2.0\r\n");
  await using other = http2Session(fixture.url);
  // Once the other is served, the first bytes of this one have been read and its time runs.
  await ask(other, grpcHeaders(health), none);
  const answered = new Promise<string>((resolve) => {
    socket.once("data", (data) => resolve(`frame of type ${data[3]}`));
    socket.once("close", () => resolve("closed"));
  });
  socket.write("\r\nSM\r\n\r\n");
  socket.write(emptySettings);
  holdUp();
  expect(await answered).toBe("frame of type 4");
  socket.destroy();
});

test("a connection whose first request came while the gateway was held up is served", async () => {
  await using fixture = await startFrontDoor({ limits: { firstRequestMs: patienceMs } });
  await using session = http2Session(fixture.url);
  await new Promise((resolve) => session.once("remoteSettings", resolve));
  const answer = ask(session, grpcHeaders(health), none);
  // The request is in the kernel once the client has had a turn to write it; the gateway may or may not have read it.
  await new Promise((resolve) => process.nextTick(resolve));
  holdUp();
  expect((await answer).trailers["grpc-status"]).toBe("0");
});

test("a connection that answered its ping while the gateway was held up is kept", async () => {
  await using fixture = await startFrontDoor({ limits: { pingMs: 50, pingAckMs: patienceMs } });
  await using session = http2Session(fixture.url);
  await ask(session, grpcHeaders(health), none);
  let isGone = false;
  session.once("close", () => {
    isGone = true;
  });
  for (let round = 0; round < 3; round++) {
    await new Promise((resolve) => session.once("ping", resolve));
    holdUp();
  }
  await new Promise((resolve) => session.once("ping", resolve));
  expect(isGone).toBe(false);
});

const many = 1_500;
const kernelBound = (() => {
  try {
    return Number(readFileSync("/proc/sys/net/core/somaxconn", "utf8"));
  } catch {
    return 0;
  }
})();
const unfit = kernelBound < many && `the kernel lets ${kernelBound} connections wait, and this needs ${many}`;

test.skipIf(unfit)(
  `more connections at once than Node's usual 511 find room while the gateway is held up ${unfit || ""}`,
  async () => {
    await using fixture = await startFrontDoor();
    const before = establishedTo(fixture.address.port);
    const sockets: Socket[] = [];
    for (let at = 0; at < many; at++) {
      const socket = connect({ host: "127.0.0.1", port: fixture.address.port });
      socket.on("error", () => undefined);
      sockets.push(socket);
    }
    // Connecting begins in the next tick, and the gateway accepts nobody before this one is over.
    const connected = await new Promise<number>((resolve) =>
      process.nextTick(() => resolve(establishedTo(fixture.address.port) - before)),
    );
    for (const socket of sockets) socket.destroy();
    expect(connected).toBe(many);
  },
);

/** Connections of this machine to a port of 127.0.0.1 that the kernel has made, whether or not anybody took them. */
function establishedTo(port: number): number {
  const remote = `0100007F:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const established = "01";
  const rows = readFileSync("/proc/net/tcp", "utf8").split("\n");
  return rows.filter((row) => {
    const [, , to, state] = row.trim().split(/\s+/);
    return to === remote && state === established;
  }).length;
}
