import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { type Call, frame, pathOf } from "./grpc.ts";
import type { Load, Loaded } from "./load.ts";
import { percentile, sorted } from "./percentiles.ts";

const run = promisify(execFile);
const longestRunMs = 60_000;

/** Rejects with a line that says what to do where h2load is not installed. */
export async function requireH2load(): Promise<void> {
  await run("h2load", ["--version"]).catch((cause: unknown) => {
    throw new Error("h2load is missing: install the Debian package nghttp2-client", { cause });
  });
}

/**
 * Makes calls with h2load. A gRPC refusal has the HTTP status 200 and no body, so calls are counted as answered by the
 * bytes of the answers, which are the same for all. Rejects where one was not answered so.
 */
export async function loadWithH2load(
  url: string,
  { method, token, message }: Call,
  answerBytes: number,
  { calls, connections, streams }: Load,
): Promise<Loaded> {
  using folder = temporaryDirectory();
  const [body, log] = [join(folder.path, "body"), join(folder.path, "log")];
  await writeFile(body, frame(message));
  const headers = ["content-type: application/grpc", "te: trailers", `authorization: Bearer ${token}`];
  const { stdout } = await run(
    "h2load",
    [
      ...[`-n${calls}`, `-c${connections}`, `-m${streams}`, `--data=${body}`, `--log-file=${log}`],
      ...headers.flatMap((header) => ["-H", header]),
      `${url}${pathOf(method)}`,
    ],
    { timeout: longestRunMs },
  );
  const answered = Number(/\((\d+)\) data/.exec(stdout)?.[1]) / answerBytes;
  if (answered !== calls) throw new Error(`${method}: ${answered} of ${calls} calls were answered in full\n${stdout}`);
  const [, elapsed, unit = "s"] = /finished in ([\d.]+)(us|ms|s)/.exec(stdout) ?? [];
  const lines = (await readFile(log, "utf8")).trim().split("\n");
  // Start, status, duration in microseconds.
  const timesMs = sorted(lines.map((line) => Number(line.split("\t")[2]) / 1_000));
  return {
    calls,
    seconds: Number(elapsed) * (secondsIn[unit] ?? 1),
    p50Ms: percentile(timesMs, 0.5),
    p99Ms: percentile(timesMs, 0.99),
  };
}

const secondsIn: Readonly<Record<string, number>> = { us: 1e-6, ms: 1e-3, s: 1 };
