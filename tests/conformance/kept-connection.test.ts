import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { openSocket, startFrontDoor } from "../protocols/support/fixture.ts";
import { framed } from "../support/protocols.ts";

const large = Buffer.alloc(500_000);

const post = (method: string, headers: readonly string[], body: Buffer) =>
  Buffer.concat([
    Buffer.from(
      [
        `POST /openshell.v1.OpenShell/${method} HTTP/1.1`,
        "host: localhost",
        "authorization: Bearer user",
        "transfer-encoding: chunked",
        ...headers,
        "",
        `${body.length.toString(16)}`,
        "",
      ].join("\r\n"),
    ),
    body,
    Buffer.from("\r\n0\r\n\r\n"),
  ]);

test.each([
  ["a gRPC-Web message that is too long", "Health", ["content-type: application/grpc-web+proto"], framed(large)],
  ["a stream's message that is too long", "WatchSandbox", ["content-type: application/connect+proto"], framed(large)],
  [
    "a message that is too long when it is decompressed",
    "Health",
    ["content-type: application/json", "content-encoding: gzip"],
    Buffer.concat([gzipSync(Buffer.alloc(5_000)), large]),
  ],
])("an HTTP/1.1 connection serves its next request after %s, which nobody read to its end", async (...row) => {
  const [, method, headers, body] = row;
  await using fixture = await startFrontDoor({ limits: { messageBytes: 1_000 } });
  const socket = await openSocket(fixture.address.port);
  let received = "";
  socket.on("data", (bytes) => {
    received += bytes.toString("latin1");
  });
  socket.write(post(method, headers, body));
  await expect.poll(() => received).toMatch(/resource_exhausted|grpc-status: 8/);
  received = "";
  socket.write(post("Health", ["content-type: application/json"], Buffer.from("{}")));
  await expect.poll(() => received).toMatch(/^HTTP\/1\.1 200 OK/);
  socket.destroy();
});
