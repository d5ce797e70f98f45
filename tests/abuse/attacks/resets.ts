import { encodeFrame } from "../../bench/http2-frames.ts";
import type { Attack } from "../support/attack.ts";
import { bearersCall, data, ends, headers, reset, strangersCall, streams, windowUpdate } from "./calls.ts";
import { relentless } from "./relentless.ts";

const priority = 2;
const perRound = 100;

/** A call with a good token, whose stream is then ended by what follows its headers. */
const spoiledBy = (follows: (stream: number) => Buffer, flag?: number): Attack => ({
  answer: "ends connections",
  strike: relentless({
    again: (round, { sandbox }) => {
      const block = bearersCall(sandbox.token);
      return streams(round, perRound, (stream) => Buffer.concat([headers(stream, block, flag), follows(stream)]));
    },
  }),
});
const twoBytes = strangersCall({ more: [["content-length", "1"]] });
const upperCase = strangersCall({ more: [["Upper-Case", "x"]] });

/** Streams that begin work and are gone before it is done. */
export const resets = {
  "rapid reset (CVE-2023-44487)": spoiledBy(reset),
  // The other half of it: the client breaks a rule and lets the server reset its streams, which no client's limit counts.
  "made to reset: increment of 0 (CVE-2025-8671)": spoiledBy((stream) => windowUpdate(stream, 0)),
  "made to reset: window that overflows": spoiledBy((stream) => windowUpdate(stream, 2 ** 31 - 1)),
  "made to reset: data after the end": spoiledBy((stream) => data(stream, Buffer.from("x")), ends),
  "made to reset: short PRIORITY": spoiledBy((stream) => encodeFrame(priority, 0, stream, Buffer.alloc(4))),
  "made to reset: more data than announced": {
    answer: "ends connections",
    strike: relentless({
      again: (round) =>
        streams(round, perRound, (stream) =>
          Buffer.concat([headers(stream, twoBytes), data(stream, Buffer.from("xx"))]),
        ),
    }),
  },
  "headers that make no request": {
    answer: "ends connections",
    strike: relentless({ again: (round) => streams(round, perRound, (stream) => headers(stream, upperCase)) }),
  },
} as const satisfies Record<string, Attack>;
