import { encodeFrame, encodeHeaders, flags, frameType } from "../../bench/http2-frames.ts";
import { frame } from "../../protocols/support/http2-client.ts";
import type { Sandbox } from "../support/attack.ts";

const openShell = "/openshell.v1.OpenShell";
export const ends: number = flags.endHeaders | flags.endStream;

type Fields = Parameters<typeof encodeHeaders>[0];

interface Request {
  /** The method's name. */
  readonly method?: string;
  readonly type?: string;
  readonly more?: Fields;
}

/** The headers of a stranger's call; Health is open to everybody. */
export const strangersCall = ({ method = "Health", type = "application/grpc", more = [] }: Request = {}): Buffer =>
  encodeHeaders([
    [":method", "POST"],
    [":scheme", "http"],
    [":path", `${openShell}/${method}`],
    [":authority", "127.0.0.1"],
    ["content-type", type],
    ["te", "trailers"],
    ...more,
  ]);

/** The headers of a call with a bearer token. */
export const bearersCall = (token: string, { method = "GetSandboxConfig", ...rest }: Request = {}): Buffer =>
  strangersCall({ ...rest, method, more: [["authorization", `Bearer ${token}`]] });

/** A message whose first field is a sandbox's id. */
export const naming = ({ id }: Sandbox): Buffer => Buffer.concat([Buffer.of(0x0a, id.length), Buffer.from(id)]);

export const headers = (stream: number, block: Buffer, flag: number = flags.endHeaders): Buffer =>
  encodeFrame(frameType.headers, flag, stream, block);
export const data = (stream: number, payload: Uint8Array, flag = 0): Buffer =>
  encodeFrame(frameType.data, flag, stream, payload);
export const reset = (stream: number): Buffer => encodeFrame(frameType.reset, 0, stream, Buffer.of(0, 0, 0, 8));

export function windowUpdate(stream: number, bytes: number): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(bytes);
  return encodeFrame(frameType.windowUpdate, 0, stream, payload);
}

/** A whole unary call over gRPC. */
export const call = (stream: number, block: Buffer, message: Uint8Array = Buffer.alloc(0)): Buffer =>
  Buffer.concat([headers(stream, block), data(stream, frame(message), flags.endStream)]);

/** The frames of `count` streams; those of the next round have other numbers. */
export function streams(round: number, count: number, make: (stream: number) => Buffer): Buffer {
  return Buffer.concat(Array.from({ length: count }, (_, at) => make(2 * (round * count + at) + 1)));
}
