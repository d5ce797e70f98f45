import { decodeHeaders, encodeHeaders, type HeaderList } from "./hpack.ts";
import type { Reader } from "./send.ts";

/** Types and flags of frames (RFC 9113, section 6). */
const types = { data: 0, headers: 1, reset: 3, settings: 4, goaway: 7, continuation: 9 } as const;
const flags = { endStream: 1, endHeaders: 4, padded: 8 } as const;

export const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");

function frameOf(type: number, flag: number, stream: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flag, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** The preface, and settings that ask for answers without a table of headers. */
export const opening = Buffer.concat([preface, frameOf(types.settings, 0, 0, Buffer.from([0, 1, 0, 0, 0, 0]))]);

/** The headers of stream 1, in frames of at most `most` bytes. */
export function headerFrames(headers: HeaderList, { endStream = false, most = 16_384 } = {}): Buffer {
  const block = encodeHeaders(headers);
  const pieces = Array.from({ length: Math.max(Math.ceil(block.length / most), 1) }, (_, at) =>
    block.subarray(at * most, (at + 1) * most),
  );
  return Buffer.concat(
    pieces.map((piece, at) =>
      frameOf(
        at === 0 ? types.headers : types.continuation,
        (at === 0 && endStream ? flags.endStream : 0) | (at === pieces.length - 1 ? flags.endHeaders : 0),
        1,
        piece,
      ),
    ),
  );
}

/** A frame of stream 1's body. `padding` is how many bytes follow the data; undefined leaves out their count, too. */
export function dataFrame(
  data: Uint8Array,
  { endStream = false, padding = undefined as number | undefined } = {},
): Buffer {
  const end = endStream ? flags.endStream : 0;
  if (padding === undefined) return frameOf(types.data, end, 1, Buffer.from(data));
  return frameOf(
    types.data,
    end | flags.padded,
    1,
    Buffer.concat([Buffer.from([padding]), data, Buffer.alloc(padding)]),
  );
}

/** What stream 1 was answered: headers and body, or with which code stream or connection were ended. */
export interface Http2Answer {
  readonly headers: Record<string, string>;
  readonly trailers: Record<string, string>;
  readonly body: string;
  readonly reset: number | undefined;
  readonly goaway: number | undefined;
}

/** Reads the answer to stream 1; it is over when that stream or the connection is. */
export function answerReader(): Reader<Http2Answer> {
  let unread: Buffer = Buffer.alloc(0);
  const blocks: Record<string, string>[] = [];
  const body: Buffer[] = [];
  let reset: number | undefined;
  let goaway: number | undefined;

  function take(type: number, flag: number, stream: number, payload: Buffer): boolean {
    if (type === types.goaway) goaway = payload.readUInt32BE(4);
    if (stream !== 1) return type === types.goaway && goaway !== 0;
    if (type === types.headers) blocks.push(decodeHeaders(payload));
    if (type === types.data) body.push(payload);
    if (type === types.reset) reset = payload.readUInt32BE(0);
    return type === types.reset || ((type === types.headers || type === types.data) && (flag & flags.endStream) !== 0);
  }
  return {
    take(chunk) {
      unread = Buffer.concat([unread, chunk]);
      while (unread.length >= 9) {
        const end = 9 + unread.readUIntBE(0, 3);
        if (unread.length < end) return false;
        const [type = 0, flag = 0] = unread.subarray(3, 5);
        const isOver = take(type, flag, unread.readUInt32BE(5), unread.subarray(9, end));
        unread = unread.subarray(end);
        if (isOver) return true;
      }
      return false;
    },
    answer: () => {
      const [headers = {}, trailers = {}] = blocks.map(({ date: _, ...others }) => others);
      return { headers, trailers, body: Buffer.concat(body).toString("latin1"), reset, goaway };
    },
  };
}
