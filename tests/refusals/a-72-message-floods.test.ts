import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import { sandboxId, startFrontDoor } from "../protocols/support/fixture.ts";
import { ask, frame, grpcHeaders, http2Session } from "../protocols/support/http2-client.ts";

const push = "/openshell.v1.OpenShell/PushSandboxLogs";
const named = frame(Buffer.concat([Buffer.from([0x0a, 36]), Buffer.from(sandboxId)]));

test.each([
  ["past Connect", "application/grpc"],
  ["through Connect", "application/grpc-web+proto"],
])("A-72: %s, a stream of small messages lets the event loop turn after every few of them", async (_way, type) => {
  const perTurn: number[] = [];
  let isOver = false;
  let now = 0;
  const handlers = {
    pushSandboxLogs: async (frames: AsyncIterable<unknown>) => {
      for await (const _frame of frames) now++;
      isOver = true;
      return {};
    },
  };
  await using fixture = await startFrontDoor({ handlers });
  await using session = http2Session(fixture.url);
  const headers = { ...grpcHeaders(push, { authorization: "Bearer sandbox" }), "content-type": type };
  const answer = ask(session, headers, Buffer.concat(Array<Buffer>(5_000).fill(named)));
  while (!isOver) {
    now = 0;
    await nextTurn();
    perTurn.push(now);
  }
  expect(perTurn.reduce((sum, count) => sum + count, 0)).toBe(5_000);
  expect(Math.max(...perTurn)).toBeLessThanOrEqual(2 * 64);
  expect((await answer).headers[":status"]).toBe(200);
});
