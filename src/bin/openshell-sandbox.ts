#!/usr/bin/env node
import { systemClock } from "../core/clock.ts";
import { closeInheritedDescriptors, runProgram, systemAccounts } from "../supervisor/index.ts";

closeInheritedDescriptors();

const ending = new AbortController();
for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => ending.abort());

// Whoever read the output may be gone; the supervisor goes on.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);

// The clock's timers do not keep a process alive; the supervisor lives on while it waits for nothing but them.
const alive = setInterval(() => undefined, 60_000);
try {
  process.exitCode = await runProgram({
    argv: process.argv.slice(2),
    environment: process.env,
    directory: process.cwd(),
    identity: { uid: process.getuid?.() ?? -1, gid: process.getgid?.() ?? -1 },
    accounts: systemAccounts,
    clock: systemClock,
    random: Math.random,
    stdout: (text) => process.stdout.write(text),
    stderr: (text) => process.stderr.write(text),
    kill: (pid, signal) => process.kill(pid, signal),
    signal: ending.signal,
  });
} finally {
  clearInterval(alive);
}
