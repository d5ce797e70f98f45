/** HTTP/2 by hand, for what no client would send (RFC 9113, section 4; RFC 7541, section 6.2.2). */

export const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");

export const frameTypes = { data: 0, headers: 1, priority: 2, reset: 3, settings: 4, ping: 6, goaway: 7 } as const;
const endStream = 1;
const endHeaders = 4;

export function frameOf(type: number, flags: number, stream: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** What a client says first, and nothing more. */
export const opening = Buffer.concat([preface, frameOf(frameTypes.settings, 0, 0)]);

/** A request with these very header lines, in order and unchecked, and its whole body. */
export function requestOf(stream: number, lines: readonly (readonly [string, string])[], body: Uint8Array): Buffer {
  const block = Buffer.concat(lines.map(([name, value]) => Buffer.concat([Buffer.of(0), textOf(name), textOf(value)])));
  return Buffer.concat([
    frameOf(frameTypes.headers, endHeaders, stream, block),
    frameOf(frameTypes.data, endStream, stream, body),
  ]);
}

/** A text without Huffman's code, as long as 127 bytes and one more byte of length allow. */
function textOf(value: string): Buffer {
  const bytes = Buffer.from(value, "latin1");
  if (bytes.length > 127 + 127) throw new RangeError("too long for this");
  const length = bytes.length < 127 ? [bytes.length] : [127, bytes.length - 127];
  return Buffer.concat([Buffer.from(length), bytes]);
}

export interface ReceivedFrame {
  readonly type: number;
  readonly stream: number;
  readonly payload: Buffer;
}

/** The whole frames among these bytes. */
export function framesIn(bytes: Buffer): ReceivedFrame[] {
  const frames: ReceivedFrame[] = [];
  for (let at = 0; at + 9 <= bytes.length; ) {
    const end = at + 9 + bytes.readUIntBE(at, 3);
    if (end > bytes.length) break;
    frames.push({
      type: bytes.readUInt8(at + 3),
      stream: bytes.readUInt32BE(at + 5),
      payload: bytes.subarray(at + 9, end),
    });
    at = end;
  }
  return frames;
}
