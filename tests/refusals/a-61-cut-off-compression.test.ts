import { brotliCompressSync, gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { ownConfig } from "../fuzz/support/grpc-call.ts";
import { startFrontDoor } from "../protocols/support/fixture.ts";
import { ask, config, frame, grpcHeaders, http2Session } from "../protocols/support/http2-client.ts";

const authorization = "Bearer sandbox";

describe.each([
  ["gzip", gzipSync(ownConfig)],
  ["br", brotliCompressSync(ownConfig)],
])("A-61: %s that ends too soon is the caller's mistake", (encoding, whole) => {
  const message = whole.subarray(0, -6);

  test.each([true, false])("over gRPC, with the short way: %s", async (leanUnary) => {
    await using fixture = await startFrontDoor({ leanUnary });
    await using session = http2Session(fixture.url);
    const headers = grpcHeaders(config, { authorization, "grpc-encoding": encoding });
    expect((await ask(session, headers, frame(message, 1))).trailers["grpc-status"]).toBe("3");
    expect(fixture.records).toMatchObject([{ code: "invalid_argument" }]);
  });

  test("over Connect", async () => {
    await using fixture = await startFrontDoor();
    const headers = { authorization, "content-type": "application/proto", "content-encoding": encoding };
    const answer = await fetch(`${fixture.url}${config}`, { method: "POST", headers, body: new Uint8Array(message) });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ code: "invalid_argument" });
  });
});
