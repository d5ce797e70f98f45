import { connect, type SecureClientSessionOptions } from "node:http2";
import { expect, test } from "vitest";
import { received, sandboxId, startFrontDoor } from "../protocols/support/fixture.ts";
import { config, frame, grpcHeaders, grpcStatus } from "../protocols/support/http2-client.ts";

const pairs = [
  ["Bearer sandbox", "Bearer other"],
  ["Bearer other", "Bearer sandbox"],
  ["Bearer sandbox", "Bearer sandbox"],
  ["Bearer sandbox", ""],
] as const;
const json = JSON.stringify({ sandboxId });
const bytes = frame(Buffer.concat([Buffer.from([0x0a, 36]), Buffer.from(sandboxId)]));

test.each(
  pairs.flatMap((pair) =>
    ["application/json", "application/proto", "application/grpc-web+proto"].map((type) => [...pair, type] as const),
  ),
)("A-29: %j and %j over HTTP/1.1 as %s are refused", async (first, second, type) => {
  await using fixture = await startFrontDoor();
  const socket = await fixture.socket();
  const answer = received(socket);
  const body =
    type === "application/json" ? Buffer.from(json) : type === "application/proto" ? bytes.subarray(5) : bytes;
  socket.write(
    `POST ${config} HTTP/1.1\r\nhost: a\r\nconnection: close\r\nAuthorization: ${first}\r\ncontent-type: ${type}\r\n` +
      `content-length: ${body.length}\r\nauthorization: ${second}\r\n\r\n`,
  );
  socket.write(body);
  expect(await answer).toMatch(/invalid(%20| )token/);
  expect(fixture.records).toMatchObject([{ code: "unauthenticated", reason: "credential-ambiguous" }]);
});

test.each(pairs)("A-29: %j and %j over HTTP/2 are refused", async (first, second) => {
  await using fixture = await startFrontDoor();
  const session = connect(fixture.url, { strictSingleValueFields: false } as SecureClientSessionOptions);
  const pseudo = Object.entries(grpcHeaders(config, { ":authority": "a", ":scheme": "http" }))
    .flat()
    .map(String);
  // Node sends a list of names and values as it is given.
  const request = session.request([...pseudo, "authorization", first, "authorization", second] as never);
  const status = grpcStatus(request);
  request.resume().end(bytes);
  expect(await status).toBe("16");
  expect(fixture.records).toMatchObject([{ reason: "credential-ambiguous" }]);
  session.destroy();
});
