import { constants } from "node:http2";
import { describe, expect, test } from "vitest";
import { type Fixture, sandboxId, startFrontDoor } from "../protocols/support/fixture.ts";
import { ask, config, frame, grpcHeaders, http2Session } from "../protocols/support/http2-client.ts";
import { bothWays } from "./both-ways.ts";

const named = frame(Buffer.concat([Buffer.from([0x0a, 36]), Buffer.from(sandboxId)]));
const headers = grpcHeaders(config, { authorization: "Bearer sandbox" });

/** A connection that is ready, so that what is sent next arrives in one piece. */
async function ready({ url }: Fixture) {
  const session = http2Session(url);
  await new Promise((resolve) => session.once("remoteSettings", resolve));
  return session;
}

describe.each(bothWays)("A-72: on %s", (_way, leanUnary) => {
  test("as many requests as a connection may have at once are all answered, in whatever turns they begin", async () => {
    await using fixture = await startFrontDoor({ leanUnary });
    await using session = await ready(fixture);
    const answers = await Promise.all(Array.from({ length: 256 }, () => ask(session, headers, named)));
    expect(new Set(answers.map(({ trailers }) => trailers["grpc-status"]))).toEqual(new Set(["0"]));
    expect(fixture.records).toHaveLength(256);
  });

  test("a request whose connection ends before its turn leaves nothing behind", async () => {
    await using fixture = await startFrontDoor({ leanUnary });
    const session = await ready(fixture);
    for (let call = 0; call < 200; call++) {
      const stream = session.request(headers);
      stream.on("error", () => undefined).end(named);
    }
    await expect.poll(() => fixture.arrivals.length).toBeGreaterThan(0);
    session.destroy();
    await fixture.door.drain("nothing is in flight", 60_000);
    expect(fixture.lines.filter((line) => line.startsWith("error"))).toEqual([]);
  });
});

test.each([
  ["small", 1_000],
  ["large", 200_000],
])("A-72: over HTTP/2, a %s answer of a plain route that nobody takes is given up", async (_size, bytes) => {
  const metricsText = async () => "x".repeat(bytes);
  const listeners = [{}, { kind: "operations" as const }];
  await using fixture = await startFrontDoor({ metricsText, listeners, limits: { requestMs: 300 } });
  await using session = http2Session(fixture.door.addresses[1]?.url ?? "");
  session.settings({ initialWindowSize: 0 });
  await new Promise((resolve) => session.once("localSettings", resolve));
  const stream = session.request({ ":path": "/metrics" });
  const code = new Promise((resolve) => stream.once("close", () => resolve(stream.rstCode)));
  stream.on("error", () => undefined);
  expect(await code).toBe(constants.NGHTTP2_CANCEL);
});
