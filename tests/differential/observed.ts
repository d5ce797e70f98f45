import { brotliDecompressSync, gunzipSync } from "node:zlib";

/** Names and values in turn, as HTTP/2 gives them. */
export type RawHeaders = readonly string[];

/** What one client saw of one call, nothing left out but the date. */
export interface Observed {
  /** Informational answers, such as 100 (Continue). */
  readonly early: readonly string[];
  readonly status: string | undefined;
  /** The first block of headers, pseudo-headers and status left out. */
  readonly headers: readonly string[];
  readonly trailers: readonly string[];
  /** Whether headers and trailers came as one block, which gRPC calls trailers-only. */
  readonly inOneBlock: boolean;
  readonly grpcStatus: readonly string[];
  readonly grpcMessage: readonly string[];
  readonly grpcDetails: readonly string[];
  /** The messages as they are once they are decompressed, in hex. */
  readonly messages: readonly string[];
  /** How each was compressed. */
  readonly compressions: readonly string[];
  /** What is no whole message, or all of a body that is not gRPC's. */
  readonly rest: string;
  /** The code of a reset; undefined where the call did not end in the time that the client has. */
  readonly reset: number | undefined;
}

export interface Recorded {
  /** Headers of informational answers, which come before the answer. */
  readonly early: readonly RawHeaders[];
  readonly headers: RawHeaders | undefined;
  readonly trailers: RawHeaders | undefined;
  readonly body: Buffer;
  readonly reset: number | undefined;
}

const statusNames = new Set(["grpc-status", "grpc-message", "grpc-status-details-bin"]);

/** Puts what came into a form that two ways can be compared in. */
export function observe({ early, headers = [], trailers, body, reset }: Recorded): Observed {
  const all = [...pairs(headers), ...pairs(trailers ?? [])];
  const valuesOf = (name: string) => all.filter(([each]) => each === name).map(([, value]) => value);
  const isGrpc = valuesOf("content-type").some((type) => /^application\/grpc(\+|$)/.test(type));
  const frames = isGrpc ? framesOf(body) : { frames: [], rest: body };
  const encoding = valuesOf("grpc-encoding").join() || "none";
  return {
    early: early.map((raw) => raw.join(" ")),
    status: valuesOf(":status").join() || undefined,
    headers: metadataOf(headers),
    trailers: metadataOf(trailers ?? []),
    inOneBlock: trailers === undefined,
    grpcStatus: valuesOf("grpc-status"),
    grpcMessage: valuesOf("grpc-message"),
    grpcDetails: valuesOf("grpc-status-details-bin"),
    messages: frames.frames.map((frame) => unpacked(frame, encoding)),
    compressions: frames.frames.map(({ flags }) => `${flags}${flags & 1 ? encoding : ""}`),
    rest: frames.rest.toString("latin1"),
    reset,
  };
}

/** Headers that are neither the status nor framing, sorted; of a date it only counts that there is one. */
function metadataOf(raw: RawHeaders): string[] {
  return pairs(raw)
    .filter(([name]) => name[0] !== ":" && !statusNames.has(name) && name !== "grpc-encoding")
    .map(([name, value]) => `${name}: ${name === "date" ? "some day" : value}`)
    .toSorted();
}

function pairs(raw: RawHeaders): (readonly [name: string, value: string])[] {
  return Array.from({ length: raw.length / 2 }, (_, at) => [raw[at * 2] ?? "", raw[at * 2 + 1] ?? ""] as const);
}

interface Frame {
  readonly flags: number;
  readonly bytes: Buffer;
}

function framesOf(body: Buffer): { readonly frames: readonly Frame[]; readonly rest: Buffer } {
  const frames: Frame[] = [];
  let at = 0;
  while (at + 5 <= body.length && at + 5 + body.readUInt32BE(at + 1) <= body.length) {
    const end = at + 5 + body.readUInt32BE(at + 1);
    frames.push({ flags: body.readUInt8(at), bytes: body.subarray(at + 5, end) });
    at = end;
  }
  return { frames, rest: body.subarray(at) };
}

function unpacked({ flags, bytes }: Frame, encoding: string): string {
  if (!(flags & 1)) return bytes.toString("hex");
  if (encoding === "gzip") return gunzipSync(bytes).toString("hex");
  return encoding === "br" ? brotliDecompressSync(bytes).toString("hex") : `unreadable ${bytes.toString("hex")}`;
}
