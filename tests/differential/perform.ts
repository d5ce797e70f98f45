import { once } from "node:events";
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type Http2Session,
  type SecureClientSessionOptions,
} from "node:http2";
import type { GeneratedCall } from "./generated-call.ts";
import { bodyOf } from "./messages.ts";
import { servedMethods } from "./methods.ts";
import { type Observed, observe, type RawHeaders } from "./observed.ts";
import { headersOf } from "./request-head.ts";

/** How long a call may take until it counts as one that does not end, in milliseconds. */
const patienceMs = 4_000;

/** Makes one call, frame by frame as it is described, and notes all that comes back. */
export async function perform(
  session: ClientHttp2Session,
  call: GeneratedCall,
  number: string,
  served: Promise<void>,
): Promise<Observed> {
  const body = bodyOf(call, servedMethods.get(call.method));
  const stream = session.request(headersOf(call, number, session) as never, {
    endStream: call.leaves === "ends-in-headers",
    waitForTrailers: call.leaves === "ends-with-trailers",
  });
  const observed = record(stream);
  stream.once("wantTrailers", () => stream.sendTrailers({ "x-request-trailer": "1" }));
  if (call.leaves !== "ends-in-headers") await send(stream, piecesOf(body, call.splits), call.leaves, served);
  return observed;
}

async function send(
  stream: ClientHttp2Stream,
  pieces: readonly Buffer[],
  leaves: GeneratedCall["leaves"],
  served: Promise<void>,
): Promise<void> {
  if (leaves === "resets-before-body") return reset(stream, true);
  const [last, ...before] = pieces.toReversed();
  for (const piece of before.toReversed()) await written(stream, piece);
  if (leaves === "resets-in-body") return reset(stream, true);
  if (leaves === "resets-politely") {
    if (last) await written(stream, last);
    return reset(stream, true, constants.NGHTTP2_NO_ERROR);
  }
  if (leaves === "ends") return void stream.end(last);
  if (last) await written(stream, last);
  if (leaves === "stays") return;
  if (leaves === "resets-at-once") return reset(stream, false);
  if (leaves === "ends-apart") await roundTrip(stream.session);
  stream.end();
  if (leaves !== "resets-when-served") return;
  await Promise.race([served, closing(stream)]);
  await reset(stream, true);
}

function closing(stream: ClientHttp2Stream): Promise<void> {
  return new Promise((resolve) => (stream.closed ? resolve() : stream.once("close", resolve)));
}

/** Resolves when a piece is on its way, so that the next one has a DATA frame of its own. */
function written(stream: ClientHttp2Stream, piece: Buffer): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.closed) return resolve();
    stream.once("close", resolve);
    stream.write(piece, () => {
      stream.off("close", resolve);
      resolve();
    });
  });
}

/** @param settled whether the server has seen all that went before */
async function reset(
  stream: ClientHttp2Stream,
  settled: boolean,
  code: number = constants.NGHTTP2_CANCEL,
): Promise<void> {
  if (settled) await roundTrips(stream);
  if (!stream.destroyed) stream.close(code);
}

/** Long enough for what a server answers at once, and for what it says once its answer is out. */
async function roundTrips(stream: ClientHttp2Stream, rounds = 3): Promise<void> {
  for (let round = 0; round < rounds && !stream.closed; round++) await roundTrip(stream.session);
}

/** Resolves when the peer has seen what was sent, or is gone. */
export function roundTrip(session: Http2Session | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (!session || session.destroyed) return resolve();
    session.once("close", resolve);
    session.ping((error) => {
      session.off("close", resolve);
      // Node sends no ping while a header block of its own waits to be written.
      if (error) setTimeout(resolve, 1);
      else resolve();
    });
  });
}

function piecesOf(body: Buffer, splits: readonly number[]): Buffer[] {
  const places = splits.map((at) => at % (body.length + 1)).toSorted((a, b) => a - b);
  return [0, ...places].map((from, at) => body.subarray(from, places[at] ?? body.length));
}

function record(stream: ClientHttp2Stream): Promise<Observed> {
  const chunks: Buffer[] = [];
  let headers: RawHeaders | undefined;
  let trailers: RawHeaders | undefined;
  const early: RawHeaders[] = [];
  stream.on("headers", (_headers, _flags, raw: RawHeaders) => early.push(raw));
  stream.on("response", (_headers, _flags, raw: RawHeaders) => {
    headers = raw;
  });
  stream.on("trailers", (_headers, _flags, raw: RawHeaders) => {
    trailers = raw;
  });
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  stream.on("error", () => undefined);
  return new Promise((resolve) => {
    const settle = (reset: number | undefined) => {
      clearTimeout(patience);
      resolve(observe({ early, headers, trailers, body: Buffer.concat(chunks), reset }));
      if (!stream.closed) stream.close(constants.NGHTTP2_CANCEL);
    };
    const patience = setTimeout(settle, patienceMs, undefined);
    stream.once("close", () => settle(stream.rstCode));
    stream.once("end", () => void settleIfOpen(stream, settle));
  });
}

/** Where the answer has ended, and the request has not: the server says at once that it wants no more, or not at all. */
async function settleIfOpen(stream: ClientHttp2Stream, settle: (reset: undefined) => void): Promise<void> {
  // The client may still be sending the rest of its body, frame by frame.
  await roundTrips(stream, 10);
  if (!stream.closed && !stream.writableFinished) settle(undefined);
}

/** A connection of its own for a batch of calls. */
export async function openSession(url: string, initialWindowSize: number | undefined): Promise<ClientHttp2Session> {
  const session = connect(url, {
    settings: initialWindowSize === undefined ? {} : { initialWindowSize },
    rejectUnauthorized: false,
    // Each call of a batch may have one under way.
    maxOutstandingPings: 1_000,
    // Whether a field may stand twice is for the server to say. The types know this option of servers alone.
    strictSingleValueFields: false,
  } as SecureClientSessionOptions);
  session.on("error", () => undefined).setMaxListeners(0);
  await once(session, "remoteSettings");
  return session;
}
