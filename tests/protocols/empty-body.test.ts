import { describe, expect, test } from "vitest";
import { anonymous } from "../../src/core/principal.ts";
import { goodHeaders } from "../fuzz/support/grpc-call.ts";
import { answerReader, dataFrame, headerFrames, opening } from "../fuzz/support/raw-http2.ts";
import { send } from "../fuzz/support/send.ts";
import { startFrontDoor } from "./support/fixture.ts";

const empty = dataFrame(Buffer.alloc(0), { endStream: true });
const openings: readonly (readonly [string, readonly Buffer[]])[] = [
  ["with its headers", [Buffer.concat([opening, headerFrames(goodHeaders, { endStream: true })])]],
  ["in the same packet as its headers", [Buffer.concat([opening, headerFrames(goodHeaders), empty])]],
  ["in a packet of its own", [Buffer.concat([opening, headerFrames(goodHeaders)]), empty]],
];

describe.each([
  ["the short way", true],
  ["Connect's way", false],
])("on %s, a gRPC call without a message", (_way, leanUnary) => {
  describe.each([
    ["at once", async () => undefined],
    ["after a while", () => new Promise((resolve) => setTimeout(resolve, 20))],
  ])("whose caller is known %s", (_when, wait) => {
    test.each(openings)("is refused when it ends %s, and not when its time is up", async (_what, pieces) => {
      await using fixture = await startFrontDoor({
        leanUnary,
        gate: async () => {
          await wait();
          return anonymous;
        },
      });
      const { headers, trailers } = await send(fixture.address.port, pieces, answerReader());
      expect(headers["grpc-status"] ?? trailers["grpc-status"]).toBe("12");
    });
  });
});
