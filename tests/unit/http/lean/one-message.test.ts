import { gzipSync } from "node:zlib";
import { create, toBinary } from "@bufbuild/protobuf";
import { StringValueSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { compressionGzip } from "@connectrpc/connect-node";
import { expect, test } from "vitest";
import { OneMessage } from "../../../../src/http/lean/one-message.ts";
import { frame } from "../../../protocols/support/http2-client.ts";

const bytesOf = (value: string) => toBinary(StringValueSchema, create(StringValueSchema, { value }));

function reading({ mostBytes = 1_000, compressed = false } = {}) {
  const outcomes: unknown[] = [];
  const said: string[] = [];
  const body = new OneMessage(
    { schema: StringValueSchema, compression: compressed ? compressionGzip : null, mostBytes },
    {
      receive: (message) => void outcomes.push(message),
      refuse: (error) => void outcomes.push([error.code, error.rawMessage]),
      pause: () => void said.push("pause"),
      resume: () => void said.push("resume"),
    },
  );
  return { body, outcomes, said };
}

test("one message is received once the body has ended, and not before", () => {
  const { body, outcomes } = reading();
  body.push(frame(bytesOf("a")));
  expect(outcomes).toEqual([]);
  body.end();
  expect(outcomes).toMatchObject([{ value: "a" }]);
});

test("a compressed message holds the body up until it is unfolded", async () => {
  const { body, outcomes, said } = reading({ compressed: true });
  body.push(frame(gzipSync(bytesOf("a")), 1));
  body.end();
  expect([outcomes, said]).toEqual([[], ["pause"]]);
  await expect.poll(() => outcomes).toMatchObject([{ value: "a" }]);
  expect(said).toEqual(["pause", "resume"]);
});

test.each([
  ["no message", [], Code.Unimplemented, "protocol error: missing input message for unary method"],
  [
    "a prefix without its message",
    [frame(bytesOf("a")).subarray(0, 5)],
    Code.Unimplemented,
    "protocol error: missing input message for unary method",
  ],
  ["half a prefix", [Buffer.from([0, 0])], Code.InvalidArgument, "protocol error: incomplete envelope"],
  [
    "half a message",
    [frame(bytesOf("abc")).subarray(0, 7)],
    Code.InvalidArgument,
    "protocol error: incomplete envelope",
  ],
  [
    "bytes behind the message",
    [frame(bytesOf("a")), Buffer.from([0])],
    Code.InvalidArgument,
    "protocol error: incomplete envelope",
  ],
  [
    "two messages",
    [frame(bytesOf("a")), frame(bytesOf("b"))],
    Code.Unimplemented,
    "protocol error: received extra input message for unary method",
  ],
  [
    "a compressed message of nobody's encoding",
    [frame(bytesOf("a"), 1)],
    Code.Internal,
    "received compressed envelope, but do not know how to decompress",
  ],
  [
    "one that is too long",
    [frame(Buffer.alloc(1_001)).subarray(0, 5)],
    Code.ResourceExhausted,
    "message size 1001 is larger than configured readMaxBytes 1000",
  ],
] as const)("%s is refused", (_what, chunks, code, says) => {
  const { body, outcomes } = reading();
  for (const chunk of chunks) body.push(chunk);
  body.end();
  expect(outcomes).toEqual([[code, says]]);
});

test("what is wrong first is told at once, and nothing after it", () => {
  const { body, outcomes } = reading();
  body.push(Buffer.concat([frame(Buffer.from([0xff])), frame(bytesOf("a")), frame(bytesOf("b"))]));
  expect(outcomes).toEqual([[Code.Internal, expect.stringMatching(/^parse binary: /)]]);
  body.push(frame(bytesOf("c")));
  body.end();
  expect(outcomes).toHaveLength(1);
});

test("a message that unfolds to more than allowed is refused", async () => {
  const { body, outcomes } = reading({ compressed: true });
  body.push(frame(gzipSync(Buffer.alloc(5_000)), 1));
  await expect.poll(() => outcomes).toHaveLength(1);
  expect(outcomes).toMatchObject([[Code.ResourceExhausted, expect.stringContaining("after decompression")]]);
  expect(outcomes[0]).not.toBeInstanceOf(ConnectError);
});
