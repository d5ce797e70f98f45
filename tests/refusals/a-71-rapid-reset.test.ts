import { expect, test } from "vitest";
import { OpenShell } from "../../gen/openshell/v1/openshell_pb.ts";
import { grpcJs } from "../protocols/support/clients.ts";
import { sandboxId, startFrontDoor } from "../protocols/support/fixture.ts";
import { config, grpcHeaders, http2Session } from "../protocols/support/http2-client.ts";
import { bothWays } from "./both-ways.ts";

test.each(bothWays)(
  "A-71: on %s, a client that opens and resets thousands of streams is sent away early, and others are served",
  async (_way, leanUnary) => {
    await using fixture = await startFrontDoor({ leanUnary });
    await using session = http2Session(fixture.url);
    const goaway = new Promise<number>((resolve) => session.once("goaway", resolve));
    const closed = new Promise((resolve) => session.once("close", resolve));
    for (let stream = 0; stream < 5_000 && !session.closed && !session.destroyed; stream++) {
      const request = session.request(grpcHeaders(config, { authorization: "Bearer sandbox" }));
      request.on("error", () => undefined);
      request.close(8);
      if (stream % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    // ENHANCE_YOUR_CALM or the code that this version of nghttp2 gives for it, INTERNAL_ERROR.
    expect([2, 11]).toContain(await goaway);
    await closed;
    expect(fixture.arrivals.length).toBeLessThan(700);
    const { getSandboxConfig } = OpenShell.method;
    const answer = await grpcJs(fixture.url, getSandboxConfig, { sandboxId }, { bearer: "sandbox" });
    expect(answer).toMatchObject({ version: 7 });
  },
);

test.each(bothWays)(
  "A-71: on %s, a client that resets as many streams as it may have at once is served on",
  async (_way, leanUnary) => {
    await using fixture = await startFrontDoor({ leanUnary });
    await using session = http2Session(fixture.url);
    await new Promise((resolve) => session.once("remoteSettings", resolve));
    for (let stream = 0; stream < 200; stream++) {
      const request = session.request(grpcHeaders(config, { authorization: "Bearer sandbox" }));
      request.on("error", () => undefined);
      request.close(8);
    }
    await new Promise<void>((resolve, reject) => session.ping((error) => (error ? reject(error) : resolve())));
    expect(session.closed).toBe(false);
  },
);
