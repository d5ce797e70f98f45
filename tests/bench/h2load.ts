import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { percentile, sorted } from "./percentiles.ts";

const run = promisify(execFile);

export interface Load {
  readonly url: string;
  readonly token?: string;
  /** The request message, as protobuf bytes. */
  readonly message: Uint8Array;
  readonly calls: number;
  readonly connections: number;
  /** Calls in flight on each connection. */
  readonly streams: number;
}

export interface Loaded {
  readonly calls: number;
  readonly failed: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** A gRPC frame: not compressed, length, message (gRPC over HTTP/2, Length-Prefixed-Message). */
export function frame(message: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** Sends a bounded number of unary gRPC calls with h2load (Debian: nghttp2-client) and reads its log of single calls. */
export async function h2load({ url, token, message, calls, connections, streams }: Load): Promise<Loaded> {
  const folder = await mkdtemp(join(tmpdir(), "bench-"));
  try {
    const [body, log] = [join(folder, "body"), join(folder, "log")];
    await writeFile(body, frame(message));
    const headers = [
      "content-type: application/grpc",
      "te: trailers",
      ...(token ? [`authorization: Bearer ${token}`] : []),
    ];
    const shape = [`-n${calls}`, `-c${connections}`, `-m${streams}`, `--data=${body}`, `--log-file=${log}`];
    const { stdout } = await run("h2load", [...shape, ...headers.flatMap((one) => ["-H", one]), url], {
      timeout: 120_000,
    });
    const rows = (await readFile(log, "utf8"))
      .trim()
      .split("\n")
      .map((line) => line.split("\t"));
    const times = sorted(rows.map((row) => Number(row[2]) / 1_000));
    const seconds =
      Number(/finished in ([\d.]+)(m?)s/.exec(stdout)?.[1]) / (/finished in [\d.]+ms/.test(stdout) ? 1_000 : 1);
    return {
      calls: rows.length,
      failed: calls - rows.filter((row) => row[1] === "200").length,
      seconds,
      p50Ms: percentile(times, 0.5),
      p99Ms: percentile(times, 0.99),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
