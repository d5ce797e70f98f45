/** As much of HTTP/2 (RFC 9113) as it takes to make calls that were written down before. */

/** Frame types (section 6). */
export const frameType = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, goAway: 7, windowUpdate: 8 } as const;
export const frameHeadBytes = 9;
/** Flags; the first is END_STREAM of data and headers, and ACK of settings and pings. */
export const flags = { endStream: 1, acknowledge: 1, endHeaders: 4 } as const;

const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/** Settings (section 6.5.2). */
const [enablePush, initialWindowSize] = [2, 4];
const largestWindow = 2 ** 31 - 1;
const defaultWindow = 65_535;

export function encodeFrame(type: number, flag: number, stream: number, payload: Uint8Array): Buffer {
  const head = Buffer.alloc(frameHeadBytes);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flag;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** What a client says first: no pushes, and windows so large that they never close. */
export function opening(): Buffer {
  const settings = Buffer.alloc(12);
  settings.writeUInt16BE(enablePush, 0);
  settings.writeUInt16BE(initialWindowSize, 6);
  settings.writeUInt32BE(largestWindow, 8);
  return Buffer.concat([
    Buffer.from(preface, "latin1"),
    encodeFrame(frameType.settings, 0, 0, settings),
    windowUpdate(largestWindow - defaultWindow),
  ]);
}

/** Lets the server send so many bytes more on the connection. */
export function windowUpdate(bytes: number): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(bytes);
  return encodeFrame(frameType.windowUpdate, 0, 0, payload);
}

/** A header block (RFC 7541) in which every field stands in full, so that it may be sent on any connection. */
export function encodeHeaders(fields: readonly (readonly [name: string, value: string])[]): Buffer {
  // Literal Header Field without Indexing, New Name (section 6.2.2).
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.of(0), ...text(name), ...text(value)]));
}

/** A string literal without Huffman coding (section 5.2). */
function text(of: string): [Buffer, Buffer] {
  const bytes = Buffer.from(of, "latin1");
  return [integer(bytes.length), bytes];
}

/** An integer with a prefix of seven bits (section 5.1). */
function integer(value: number): Buffer {
  if (value < 127) return Buffer.of(value);
  const bytes = [127];
  let rest = value - 127;
  for (; rest >= 128; rest = rest >> 7) bytes.push((rest % 128) + 128);
  bytes.push(rest);
  return Buffer.from(bytes);
}
