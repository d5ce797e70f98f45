/** Names and values, in order, as a block of headers has them. */
export type HeaderList = readonly (readonly [name: string, value: string])[];

/** A block that says each header by itself: no table, no Huffman code (RFC 7541, section 6.2.2). */
export function encodeHeaders(headers: HeaderList): Buffer {
  return Buffer.concat(headers.flatMap(([name, value]) => [Buffer.from([0]), text(name), text(value)]));
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, "latin1");
  return Buffer.concat([integer(bytes.length), bytes]);
}

/** With a prefix of seven bits (RFC 7541, section 5.1). */
function integer(value: number): Buffer {
  if (value < 127) return Buffer.from([value]);
  const bytes = [127];
  let left = value - 127;
  for (; left >= 128; left = Math.floor(left / 128)) bytes.push((left % 128) | 128);
  return Buffer.from([...bytes, left]);
}

/**
 * Reads a block whose sender was told to keep no table (SETTINGS_HEADER_TABLE_SIZE 0), so that it holds nothing but the
 * static table and literals. @throws Error where it holds anything else.
 */
export function decodeHeaders(block: Buffer): Record<string, string> {
  const headers: Record<string, string> = {};
  let at = 0;
  const next = () => block[at++] ?? fail("a block of headers is cut off");
  const number = (first: number, bits: number): number => {
    const most = 2 ** bits - 1;
    let value = first & most;
    for (let shift = 0, byte = 128; value >= most && byte & 128; shift += 7) {
      byte = next();
      value += (byte & 127) * 2 ** shift;
    }
    return value;
  };
  const string = (): string => {
    const first = next();
    const length = number(first, 7);
    const bytes = block.subarray(at, at + length);
    at += length;
    return first & 128 ? unHuffman(bytes) : bytes.toString("latin1");
  };
  while (at < block.length) {
    const first = next();
    if (first & 128) {
      const [name, value = ""] = staticTable(number(first, 7));
      headers[name] = value;
    } else if ((first & 0xe0) === 0x20) {
      if (number(first, 5) !== 0) fail("the sender keeps a table");
    } else {
      const index = number(first, first & 64 ? 6 : 4);
      headers[index === 0 ? string() : staticTable(index)[0]] = string();
    }
  }
  return headers;
}

function fail(why: string): never {
  throw new Error(why);
}

const statuses = ["200", "204", "206", "304", "400", "404", "500"];
const regularNames = (
  "accept-charset accept-encoding accept-language accept-ranges accept access-control-allow-origin age allow " +
  "authorization cache-control content-disposition content-encoding content-language content-length content-location " +
  "content-range content-type cookie date etag expect expires from host if-match if-modified-since if-none-match " +
  "if-range if-unmodified-since last-modified link location max-forwards proxy-authenticate proxy-authorization range " +
  "referer refresh retry-after server set-cookie strict-transport-security transfer-encoding user-agent vary via " +
  "www-authenticate"
).split(" ");

/** Of RFC 7541, appendix A, what answers use. */
function staticTable(index: number): readonly [name: string, value?: string] {
  if (index >= 8 && index <= 14) return [":status", statuses[index - 8] ?? ""];
  const name = regularNames[index - 15];
  return name === undefined ? fail(`an answer has no header ${index}`) : [name, index === 16 ? "gzip, deflate" : ""];
}

/** How many bits the code of each printable character has (RFC 7541, appendix B), and that of NUL before them. */
const codeLengths = [
  [0, 13],
  ...[
    ..."6 10 10 12 13 6 8 11 10 10 8 11 8 6 6 6 5 5 5 6 6 6 6 6 6 6 7 8 15 6 12 10".split(" "),
    ..."13 6 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 8 7 8 13 19 13 14 6".split(" "),
    ..."15 5 6 5 6 5 6 6 6 5 7 7 6 6 6 5 6 7 6 5 5 6 7 7 7 7 7 15 11 14 13".split(" "),
  ].map((bits, at) => [32 + at, Number(bits)]),
] as [character: number, bits: number][];

/** Characters by length and code: the code is canonical, so that the lengths tell all of it. */
const characters = new Map<string, number>();
let code = 0;
for (let bits = 5; bits <= 19; bits++, code *= 2) {
  for (const [character, length] of codeLengths) if (length === bits) characters.set(`${bits} ${code++}`, character);
}

function unHuffman(bytes: Buffer): string {
  let text = "";
  let [bits, value] = [0, 0];
  for (let at = 0; at < bytes.length * 8; at++) {
    value = value * 2 + (((bytes[at >> 3] ?? 0) >> (7 - (at & 7))) & 1);
    const character = characters.get(`${++bits} ${value}`);
    if (character === undefined) continue;
    text += String.fromCharCode(character);
    [bits, value] = [0, 0];
  }
  // What is left is padding: fewer than eight ones.
  if (bits > 7 || value !== 2 ** bits - 1) fail("a text has a code that is not printable");
  return text;
}
