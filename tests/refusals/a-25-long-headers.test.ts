import { expect, test } from "vitest";
import { startFrontDoor } from "../protocols/support/fixture.ts";
import { ask, config, frame, grpcHeaders, health, http2Session } from "../protocols/support/http2-client.ts";
import { post, raw, statusOf } from "../protocols/support/raw-http1.ts";

test.each([17_000, 20_000, 1_000_000])(
  "A-25: %i bytes of headers over HTTP/1.1 are answered with 431",
  async (size) => {
    await using fixture = await startFrontDoor();
    const answer = await raw(fixture, post(health, "{}", `authorization: Bearer ${"a".repeat(size)}`));
    expect(statusOf(answer)).toBe(431);
    expect(fixture.records).toEqual([]);
  },
);

test("A-25: long headers over HTTP/2 are refused, before and after the client knows the bound, and the connection goes on", async () => {
  await using fixture = await startFrontDoor();
  await using session = http2Session(fixture.url);
  const long = grpcHeaders(health, { authorization: `Bearer ${"a".repeat(17_000)}` });
  expect((await ask(session, long)).headers["grpc-status"]).toBe("8");
  // ENHANCE_YOUR_CALM, which gRPC clients show as resource_exhausted.
  expect(await ask(session, long)).toMatchObject({ rstCode: 11, headers: {} });
  expect(fixture.records).toEqual([]);
  const { trailers } = await ask(session, grpcHeaders(health), frame(Buffer.alloc(0)));
  expect(trailers["grpc-status"]).toBe("0");
});

test("A-25: a credential of more than 4096 characters is refused by its length", async () => {
  await using fixture = await startFrontDoor();
  await using session = http2Session(fixture.url);
  const { trailers } = await ask(session, grpcHeaders(config, { authorization: `Bearer ${"a".repeat(4_097)}` }));
  expect(trailers["grpc-status"]).toBe("16");
  expect(fixture.records).toMatchObject([{ reason: "credential-malformed" }]);
});

test("A-25: two thousand small headers are read to the last", async () => {
  await using fixture = await startFrontDoor();
  const filler = Array.from({ length: 2_100 }, (_, n) => `a:${n % 10}`);
  const headers = ["authorization: Bearer sandbox", ...filler, "authorization: Bearer sandbox"];
  const answer = await raw(fixture, post(config, "{}", ...headers));
  expect(statusOf(answer)).toBe(401);
  expect(fixture.records).toMatchObject([{ reason: "credential-ambiguous" }]);
});
