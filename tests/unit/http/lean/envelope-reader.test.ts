import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { EnvelopeReader } from "../../../../src/http/lean/envelope-reader.ts";
import { frame } from "../../../protocols/support/http2-client.ts";

const all = (reader: EnvelopeReader) => {
  const texts: string[] = [];
  for (let envelope = reader.next(); envelope; envelope = reader.next())
    texts.push(Buffer.from(envelope.data).toString());
  return texts;
};

test("messages come out as they went in, however the body was cut", () => {
  const body = Buffer.concat([frame(Buffer.from("one")), frame(Buffer.alloc(0)), frame(Buffer.from("three"))]);
  for (let size = 1; size <= body.length; size++) {
    const reader = new EnvelopeReader(100);
    const texts: string[] = [];
    for (let at = 0; at < body.length; at += size) {
      reader.push(body.subarray(at, at + size));
      texts.push(...all(reader));
    }
    expect(texts).toEqual(["one", "", "three"]);
    expect(reader.unread).toBe(0);
  }
});

test("only the lowest bit of the flags says that a message is compressed", () => {
  const reader = new EnvelopeReader(100);
  for (const flags of [0, 1, 2, 3]) reader.push(frame(Buffer.from("m"), flags));
  expect([1, 2, 3, 4].map(() => reader.next()?.compressed)).toEqual([false, true, false, true]);
});

test("a message that says it is too long is refused by its prefix", () => {
  const reader = new EnvelopeReader(1_000);
  reader.push(frame(Buffer.alloc(1_001)).subarray(0, 5));
  expect(() => reader.next()).toThrow(
    expect.objectContaining({
      code: Code.ResourceExhausted,
      rawMessage: "message size 1001 is larger than configured readMaxBytes 1000",
    }),
  );
});

test("one that is as long as it may be is not", () => {
  const reader = new EnvelopeReader(1_000);
  reader.push(frame(Buffer.alloc(1_000)));
  expect(reader.next()?.data).toHaveLength(1_000);
});

test("what is left of a cut message is counted, its prefix is not", () => {
  const reader = new EnvelopeReader(100);
  reader.push(frame(Buffer.from("whole")));
  reader.push(frame(Buffer.from("cut off")).subarray(0, 8));
  expect(all(reader)).toEqual(["whole"]);
  expect(reader.unread).toBe(3);
});

test("a body in single bytes is put together once", () => {
  const reader = new EnvelopeReader(1_000_000);
  const body = frame(Buffer.alloc(200_000, 7));
  const began = process.cpuUsage();
  let found: Uint8Array | undefined;
  for (let at = 0; at < body.length; at++) {
    reader.push(body.subarray(at, at + 1));
    found ??= reader.next()?.data;
  }
  expect(Buffer.alloc(200_000, 7).equals(found!)).toBe(true);
  // Put together at each byte, it would be 20 GB that are copied.
  expect(process.cpuUsage(began).user).toBeLessThan(5_000_000);
});
