import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { type Call, frame, pathOf } from "./grpc.ts";
import type { Load, Loaded } from "./load.ts";
import { Middle } from "./middle.ts";
import { cpuSeconds } from "./process-figures.ts";
import type { ServerProcess } from "./server-process.ts";

const program = "h2load";
const longestRunMs = 60_000;

/** Rejects with a line that says what to do where h2load is not installed. */
export async function requireH2load(): Promise<void> {
  await promisify(execFile)(program, ["--version"]).catch((cause: unknown) => {
    throw new Error("h2load is missing: install the Debian package nghttp2-client", { cause });
  });
}

/**
 * Makes calls with h2load. A gRPC refusal has the HTTP status 200 and no body, so calls are counted as answered by the
 * bytes of the answers, which are the same for all. Rejects where one was not answered so.
 */
export async function loadWithH2load(
  server: ServerProcess,
  { method, token, message }: Call,
  answerBytes: number,
  { calls, connections, streams }: Load,
): Promise<Loaded> {
  using folder = temporaryDirectory();
  const [body, log] = [join(folder.path, "body"), join(folder.path, "log")];
  await writeFile(body, frame(message));
  const headers = ["content-type: application/grpc", "te: trailers"];
  if (token !== undefined) headers.push(`authorization: Bearer ${token}`);
  const child = spawn(
    program,
    [
      ...[`-n${calls}`, `-c${connections}`, `-m${streams}`, `--data=${body}`, `--log-file=${log}`],
      ...headers.flatMap((header) => ["-H", header]),
      `${server.url}${pathOf(method)}`,
    ],
    { stdio: ["ignore", "pipe", "inherit"], timeout: longestRunMs },
  );
  const ended = once(child, "exit");
  const middle = new Middle(calls, () => cpuSeconds(server.pid));
  const said: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    said.push(line);
    const percent = /^progress: (\d+)% done/.exec(line)?.[1];
    if (percent !== undefined) middle.answered(Math.round((calls * Number(percent)) / 100));
  }
  await ended;
  const text = said.join("\n");
  const answered = Number(/\((\d+)\) data/.exec(text)?.[1]) / answerBytes;
  if (answered !== calls) throw new Error(`${method}: ${answered} of ${calls} calls were answered in full\n${text}`);
  const lines = (await readFile(log, "utf8")).trim().split("\n");
  // Start, status, duration in microseconds.
  return middle.loaded(lines.map((line) => Number(line.split("\t")[2]) / 1_000));
}
