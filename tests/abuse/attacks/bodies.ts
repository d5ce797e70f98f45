import { setTimeout as after } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { encodeFrame, flags } from "../../bench/http2-frames.ts";
import { frame } from "../../protocols/support/http2-client.ts";
import type { Attack } from "../support/attack.ts";
import { opening } from "../support/peer.ts";
import { bearersCall, data, headers, naming, strangersCall, streams } from "./calls.ts";
import { relentless } from "./relentless.ts";

const mebibyte = 1_048_576;
const piece = 16_384;
const unknownType = 0xbb;
const call = strangersCall();
/** The start of a message that says it is as large as one may be. */
const announced = Buffer.of(0, 0, 0x10, 0, 0);
const zeros = Buffer.alloc(piece);
const large = frame(Buffer.alloc(mebibyte));
/** A message of 20 MiB, of which 1 MiB is made before it is found to be too much. */
const bomb = frame(gzipSync(Buffer.alloc(20 * mebibyte)), 1);
const zipped = strangersCall({ more: [["grpc-encoding", "gzip"]] });

function body(stream: number, bytes: Buffer): Buffer {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += piece) {
    const isLast = at + piece >= bytes.length;
    pieces.push(data(stream, bytes.subarray(at, at + piece), isLast ? flags.endStream : 0));
  }
  return Buffer.concat(pieces);
}

const neverEnding = 32;
const ballast = Buffer.concat(Array<Buffer>(4).fill(encodeFrame(unknownType, 0, 0, Buffer.alloc(16_000))));
const mostBallast = 32 * mebibyte;

/** Requests that are large, or slow to come. */
export const bodies = {
  // Strangers' too: a message is read before anybody knows that Health has no fields.
  "large messages that never end": {
    answer: "bears it",
    strike: async ({ port }, course) => {
      using peer = await course.open({ port });
      await peer.write(opening());
      await peer.write(
        streams(0, neverEnding, (stream) => Buffer.concat([headers(stream, call), data(stream, announced)])),
      );
      for (let sent = piece; sent < mebibyte && !peer.isEnded; sent += piece) {
        await peer.write(streams(0, neverEnding, (stream) => data(stream, zeros)));
      }
      await course.over;
    },
  },
  "single bytes between large frames": {
    answer: "bears it",
    strike: async ({ port }, course) => {
      using peer = await course.open({ port });
      await peer.write(Buffer.concat([opening(), headers(1, call), data(1, announced)]));
      while (!course.isOver && !peer.isEnded) {
        if (peer.sentBytes < mostBallast) await peer.write(Buffer.concat([data(1, Buffer.from("x")), ballast]));
        else await after(20);
      }
    },
  },
  "bodies that come byte by byte": {
    answer: "ends streams",
    isQuiet: true,
    strike: relentless({
      first: Buffer.concat([opening(), streams(0, 100, (stream) => headers(stream, call))]),
      again: () => streams(0, 100, (stream) => data(stream, Buffer.of(0))),
      pauseMs: 20,
    }),
  },
  "gzip bombs": {
    answer: "bears it",
    strike: relentless({
      again: (round) => streams(round, 20, (stream) => Buffer.concat([headers(stream, zipped), body(stream, bomb)])),
      pauseMs: 5,
    }),
  },
  "messages of 1 MiB": {
    answer: "bears it",
    strike: relentless({
      again: (round) => streams(round, 1, (stream) => Buffer.concat([headers(stream, call), body(stream, large)])),
    }),
  },
  "small messages on one stream": {
    answer: "bears it",
    strike: relentless({
      connections: 1,
      again: (round, { sandbox }) => {
        const named = frame(naming(sandbox));
        const block = bearersCall(sandbox.token, { method: "PushSandboxLogs" });
        const burst = data(1, Buffer.concat(Array<Buffer>(Math.floor(piece / named.length)).fill(named)));
        return round === 0 ? Buffer.concat([headers(1, block), burst]) : burst;
      },
    }),
  },
} as const satisfies Record<string, Attack>;
