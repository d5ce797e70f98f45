import { describe, expect, test } from "vitest";
import { startFrontDoor } from "../protocols/support/fixture.ts";
import { frame, grpcHeaders, health } from "../protocols/support/http2-client.ts";
import { bothWays, sharedDoor } from "./both-ways.ts";

const call = (url: string, version?: string) =>
  fetch(`${url}${health}`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(version !== undefined && { "connect-protocol-version": version }),
    },
    body: "{}",
  });

test.each(["9", "0", "1.0", "", "1, 1", "one"])(
  "A-77: a Connect client that speaks version %j is refused",
  async (version) => {
    await using fixture = await startFrontDoor();
    const answer = await call(fixture.url, version);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ code: "invalid_argument" });
  },
);

test.each(["1", undefined])("A-77: version %j is spoken", async (version) => {
  await using fixture = await startFrontDoor();
  expect((await call(fixture.url, version)).status).toBe(200);
});

describe.each(bothWays)("A-77: over gRPC on %s", (_way, leanUnary) => {
  const door = sharedDoor(leanUnary);

  test("what Connect's own headers say means nothing", async () => {
    const foreign = { "connect-protocol-version": "9", "connect-timeout-ms": "unreadable", "content-encoding": "zstd" };
    const { trailers } = await door.ask(grpcHeaders(health, foreign), frame(Buffer.alloc(0)));
    expect(trailers["grpc-status"]).toBe("0");
  });
});
