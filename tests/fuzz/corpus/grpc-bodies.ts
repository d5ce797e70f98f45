import { gzipSync } from "node:zlib";
import { framed } from "../../support/protocols.ts";
import { ownConfig } from "../support/grpc-call.ts";
import type { HeaderList } from "../support/hpack.ts";

/** The body of a unary call, as it lies in DATA frames. */
export interface GrpcBody {
  /** The status that it is answered with, as gRPC and Connect have it for that mistake. */
  readonly status: string;
  readonly body: Buffer;
  /** What its headers say besides. */
  readonly headers?: HeaderList;
}

/** Messages may have this many bytes, so that what is too much costs little. */
export const messageBytes = 128;

const good = framed(ownConfig);
const gzip: HeaderList = [["grpc-encoding", "gzip"]];
const saying = (length: number, body: Uint8Array, flags = 0) => {
  const bytes = framed(body, flags);
  bytes.writeUInt32BE(length, 1);
  return bytes;
};

/** One of each kind, good and bad. */
export const grpcBodies: Readonly<Record<string, GrpcBody>> = {
  "one message": { status: "0", body: good },
  "a compressed message": { status: "0", body: framed(gzipSync(ownConfig), 1), headers: gzip },
  "a message that may be compressed and is not": { status: "0", body: good, headers: gzip },
  "no message": { status: "12", body: Buffer.alloc(0) },
  "an empty message": { status: "3", body: framed(Buffer.alloc(0)) },
  "two messages": { status: "12", body: Buffer.concat([good, good]) },
  "a message and an empty one": { status: "12", body: Buffer.concat([good, framed(Buffer.alloc(0))]) },
  "a message and three bytes": { status: "3", body: Buffer.concat([good, Buffer.alloc(3)]) },
  "a message and one that is too long": {
    status: "8",
    body: Buffer.concat([good, saying(messageBytes + 1, ownConfig)]),
  },
  "three bytes of a prefix": { status: "3", body: good.subarray(0, 3) },
  "a prefix alone": { status: "12", body: good.subarray(0, 5) },
  "a message that is cut off": { status: "3", body: good.subarray(0, -1) },
  "a length that is one too small": { status: "3", body: saying(ownConfig.length - 1, ownConfig) },
  "a length that is one too large": { status: "3", body: saying(ownConfig.length + 1, ownConfig) },
  "a length beyond the limit": { status: "8", body: saying(messageBytes + 1, ownConfig) },
  "the greatest length": { status: "8", body: saying(0xffff_ffff, ownConfig) },
  "as much as there may be": {
    status: "0",
    body: framed(Buffer.concat([ownConfig, Buffer.from([0x7a, 88]), Buffer.alloc(88)])),
  },
  "compressed, with no encoding named": { status: "13", body: framed(gzipSync(ownConfig), 1) },
  "compressed, and no gzip": { status: "3", body: framed(ownConfig, 1), headers: gzip },
  "compressed, and cut off": { status: "3", body: framed(gzipSync(ownConfig).subarray(0, -9), 1), headers: gzip },
  "compressed, and too long in the end": { status: "8", body: framed(gzipSync(Buffer.alloc(4_000)), 1), headers: gzip },
  "an encoding that nobody knows": { status: "12", body: good, headers: [["grpc-encoding", "snappy"]] },
  "flags that mean nothing": { status: "0", body: framed(ownConfig, 0x7e) },
  "the flag of gRPC-Web's trailers": { status: "3", body: framed(Buffer.from("grpc-status: 0\r\n"), 0x80) },
  "no protobuf": { status: "3", body: framed(Buffer.alloc(20, 0xff)) },
};
