import { setTimeout as after } from "node:timers/promises";
import { encodeHeaders, flags } from "../../bench/http2-frames.ts";
import type { Attack, Sandbox, Strike } from "../support/attack.ts";
import { opening } from "../support/peer.ts";
import { bearersCall, call, data, ends, headers, naming, streams, windowUpdate } from "./calls.ts";
import { relentless } from "./relentless.ts";

const initialWindowSize = 4;
const [connections, perConnection] = [4, 250];

/** As many calls as a connection may have, on several, whose callers grant no window; or now and then `dribble` bytes. */
function untaken(make: (stream: number, sandbox: Sandbox) => Buffer, dribble = 0): Strike {
  return async ({ port, sandbox }, course) => {
    const strike = async () => {
      using peer = await course.open({ port });
      await peer.write(opening([initialWindowSize, 0]));
      await peer.write(streams(0, perConnection, (stream) => make(stream, sandbox)));
      while (!peer.isEnded && !course.isOver) {
        if (dribble > 0) await peer.write(streams(0, perConnection, (stream) => windowUpdate(stream, dribble)));
        await after(20);
      }
    };
    await Promise.all(Array.from({ length: connections }, strike));
  };
}

const publishedKeys = "/.well-known/jwks.json";
const get = encodeHeaders([
  [":method", "GET"],
  [":scheme", "http"],
  [":path", publishedKeys],
  [":authority", "127.0.0.1"],
]);
const pipeline = `GET ${publishedKeys} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n`.repeat(100);

/** Answers that nobody takes. */
export const windows = {
  "answers not taken, gRPC": {
    answer: "ends streams",
    isQuiet: true,
    strike: untaken((stream, sandbox) => call(stream, bearersCall(sandbox.token), naming(sandbox))),
  },
  "answers not taken, Connect": {
    answer: "ends streams",
    isQuiet: true,
    strike: untaken((stream, sandbox) =>
      Buffer.concat([
        headers(stream, bearersCall(sandbox.token, { type: "application/proto" })),
        data(stream, naming(sandbox), flags.endStream),
      ]),
    ),
  },
  "answers not taken, plain HTTP": {
    answer: "ends streams",
    isQuiet: true,
    strike: untaken((stream) => headers(stream, get, ends)),
  },
  "answers taken byte by byte": {
    answer: "bears it",
    strike: untaken((stream, sandbox) => call(stream, bearersCall(sandbox.token), naming(sandbox)), 1),
  },
  "a pipeline of HTTP/1.1, answers not taken": {
    answer: "ends connections",
    strike: relentless({ peer: { deaf: true }, first: "", again: () => pipeline }),
  },
} as const satisfies Record<string, Attack>;
