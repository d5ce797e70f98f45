import { encodeFrame, frameType } from "../../bench/http2-frames.ts";
import type { Answer, Attack } from "../support/attack.ts";
import { opening, type PeerOptions, settings } from "../support/peer.ts";
import { data, ends, headers, reset, strangersCall, windowUpdate } from "./calls.ts";
import { relentless } from "./relentless.ts";

const [priority, continuation, unknown, padded] = [2, 9, 0xbb, 8];

/** One frame by the thousand, after what a connection begins with and `first`. */
function flood(
  answer: Answer,
  frame: Buffer,
  first: Buffer = Buffer.alloc(0),
  peer: Partial<PeerOptions> = {},
): Attack {
  const burst = Buffer.concat(Array<Buffer>(Math.ceil(16_384 / frame.length)).fill(frame));
  return { answer, strike: relentless({ peer, first: Buffer.concat([opening(), first]), again: () => burst }) };
}
const ping = encodeFrame(frameType.ping, 0, 0, Buffer.alloc(8));

/** Frames that cost their sender a few bytes each. */
export const floods = {
  "CONTINUATION without end (CVE-2024-27316)": flood(
    "ends connections",
    encodeFrame(continuation, 0, 1, Buffer.of(0x40, 1, 0x61, 1, 0x62)),
    headers(1, strangersCall(), 0),
  ),
  // A client that takes the answers as fast as they come may send these: they are traffic, and cost what traffic costs.
  "SETTINGS (CVE-2019-9515)": flood("bears it", settings([4, 65_535], [1, 4_096])),
  "PING (CVE-2019-9512)": flood("bears it", ping),
  "PING whose answers nobody takes": flood("ends connections", ping, undefined, { deaf: true }),
  "PRIORITY (CVE-2019-9513)": flood("ends connections", encodeFrame(priority, 0, 1, Buffer.of(0, 0, 0, 3, 1))),
  "empty DATA (CVE-2019-9518)": flood("ends connections", data(1, Buffer.alloc(0)), headers(1, strangersCall())),
  "padding without data": flood(
    "bears it",
    data(1, Buffer.concat([Buffer.of(255), Buffer.alloc(255)]), padded),
    headers(1, strangersCall()),
  ),
  "WINDOW_UPDATE of one byte": flood("bears it", windowUpdate(0, 1)),
  "frames of a type that does not exist": flood("ends connections", encodeFrame(unknown, 0, 0, Buffer.alloc(0))),
  "resets of a stream that is closed": flood("ends connections", reset(1), headers(1, strangersCall(), ends)),
} as const satisfies Record<string, Attack>;
