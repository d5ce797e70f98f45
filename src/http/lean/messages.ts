import { type DescMessage, fromBinary, type Message } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { Compression } from "@connectrpc/connect/protocol";
import type { Answer } from "../../access/index.ts";
import { encodedBytes } from "../../core/encoded-once.ts";
import type { Limits } from "../limits.ts";
import type { Envelope } from "./envelope-reader.ts";

/** Smaller answers are not worth compressing; the same bound as Connect's. */
const leastCompressedBytes = 1_024;
const prefixBytes = 5;

/**
 * The message in an envelope, in Connect's words where it cannot be had.
 * @throws ConnectError, or rejects with it where it was compressed.
 */
export function decode(
  { compressed, data }: Envelope,
  schema: DescMessage,
  compression: Compression | null,
  mostBytes: number,
): Message | Promise<Message> {
  if (!compressed) return parse(schema, data);
  if (!compression) {
    throw new ConnectError("received compressed envelope, but do not know how to decompress", Code.Internal);
  }
  return compression.decompress(data as Uint8Array<ArrayBuffer>, mostBytes).then((bytes) => parse(schema, bytes));
}

function parse(schema: DescMessage, data: Uint8Array): Message {
  try {
    return fromBinary(schema, data);
  } catch (thrown) {
    throw new ConnectError(`parse binary: ${thrown instanceof Error ? thrown.message : thrown}`, Code.Internal);
  }
}

/** The envelope of an answer. @throws ConnectError where it cannot be encoded, or is larger than clients take. */
export function encode(
  answer: Answer,
  schema: DescMessage,
  compression: Compression | null,
  { answerBytes }: Limits,
): Buffer<ArrayBuffer> | Promise<Buffer<ArrayBuffer>> {
  const bytes = toBytes(answer, schema);
  if (bytes.length > answerBytes) {
    throw new ConnectError(
      `message size ${bytes.length} is larger than configured writeMaxBytes ${answerBytes}`,
      Code.ResourceExhausted,
    );
  }
  if (!compression || bytes.length < leastCompressedBytes) return envelope(bytes, 0);
  return compression.compress(bytes as Uint8Array<ArrayBuffer>).then((compressed) => envelope(compressed, 1));
}

function toBytes(answer: Answer, schema: DescMessage): Uint8Array {
  try {
    return encodedBytes(schema, answer);
  } catch (thrown) {
    throw new ConnectError(`serialize binary: ${thrown instanceof Error ? thrown.message : thrown}`, Code.Internal);
  }
}

function envelope(bytes: Uint8Array, flags: number): Buffer<ArrayBuffer> {
  const whole = Buffer.allocUnsafe(prefixBytes + bytes.length);
  whole.writeUInt8(flags, 0);
  whole.writeUInt32BE(bytes.length, 1);
  whole.set(bytes, prefixBytes);
  return whole;
}
