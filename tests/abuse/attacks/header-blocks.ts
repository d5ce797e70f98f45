import type { Attack } from "../support/attack.ts";
import { ends, headers, strangersCall, streams } from "./calls.ts";
import { relentless } from "./relentless.ts";

const largestFrame = 16_384;
const call = strangersCall();
/** A field of 4,000 bytes that the table keeps (RFC 7541, section 6.2.1), and a byte that stands for it. */
const stored = Buffer.concat([Buffer.of(0x40, 1, 0x61, 0x7f, 0xa1, 0x1e), Buffer.alloc(4_000, 0x62)]);
const reference = 0x80 | 62;
const bomb = (bytes: number) =>
  Buffer.concat([call, stored, Buffer.alloc(bytes - call.length - stored.length, reference)]);
const emptyFields = Buffer.concat([call, Buffer.alloc(3 * Math.floor((largestFrame - call.length) / 3))]);
const manyFields = strangersCall({ more: Array.from({ length: 100 }, (_, at) => [`x-${at}`, ""] as const) });
/** To nothing and back (section 6.3). */
const resized = Buffer.concat([Buffer.of(0x20, 0x3f, 0xe1, 0x1f), call]);

const blocks = (block: Buffer, perRound: number) =>
  relentless({ again: (round) => streams(round, perRound, (stream) => headers(stream, block, ends)) });

/** Blocks of headers that are larger, or more work, than they look. */
export const headerBlocks = {
  "HPACK bomb": { answer: "ends streams", strike: blocks(bomb(largestFrame), 4) },
  "small HPACK bombs": { answer: "ends streams", strike: blocks(bomb(4_300), 20) },
  "5,000 fields without name and value": { answer: "bears it", strike: blocks(emptyFields, 4) },
  "100 small fields": { answer: "bears it", strike: blocks(manyFields, 50) },
  "changes of the table's size": { answer: "bears it", strike: blocks(resized, 100) },
} as const satisfies Record<string, Attack>;
