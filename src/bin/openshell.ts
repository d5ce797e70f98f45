#!/usr/bin/env node
import process from "node:process";
import manifest from "../../package.json" with { type: "json" };
import { runCli } from "../cli/index.ts";
import { systemClock } from "../core/clock.ts";

const interrupt = new AbortController();
// Once each: whoever cannot wait for a clean end signals again.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => interrupt.abort());
// The reader of a pipe may have seen enough.
process.stdout.on("error", () => interrupt.abort());

// Timers and idle connections of the command line do not keep a process alive; the command that runs does.
const running = setInterval(() => undefined, 2 ** 30);
process.exitCode = await runCli({
  argv: process.argv.slice(2),
  version: manifest.version,
  env: process.env,
  stdout: process.stdout,
  stderr: process.stderr,
  signal: interrupt.signal,
  clock: systemClock,
  isTty: process.stdout.isTTY === true,
});
clearInterval(running);
