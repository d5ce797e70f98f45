import { expect, test } from "vitest";
import { startFrontDoor } from "../protocols/support/fixture.ts";
import { ask, frame, grpcHeaders, health, http2Session } from "../protocols/support/http2-client.ts";

const push = "/openshell.v1.OpenShell/PushSandboxLogs";

test.each(["application/grpc", "application/grpc-web+proto", "application/connect+proto"])(
  "A-74: a sandbox's seventeenth stream at once is resource exhausted, by whatever protocol it comes (%s)",
  async (type) => {
    await using fixture = await startFrontDoor();
    const sessions = [http2Session(fixture.url), http2Session(fixture.url)];
    const headers = grpcHeaders(push, { authorization: "Bearer sandbox" });
    for (let stream = 0; stream < 16; stream++) {
      sessions[stream % 2]?.request(headers).on("error", () => undefined);
    }
    await expect.poll(() => fixture.arrivals.length).toBe(16);
    const { trailers, body } = await ask(sessions[0]!, { ...headers, "content-type": type }, frame(Buffer.alloc(0)));
    expect(`${body} grpc-status: ${trailers["grpc-status"]}`).toMatch(/grpc-status: 8|"resource_exhausted"/);
    expect(fixture.records).toMatchObject([{ code: "resource_exhausted", reason: "limit-reached" }]);
    expect((await ask(sessions[0]!, grpcHeaders(health), frame(Buffer.alloc(0)))).trailers["grpc-status"]).toBe("0");
    for (const session of sessions) await session[Symbol.asyncDispose]();
  },
);
