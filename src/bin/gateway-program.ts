import { hostname } from "node:os";
import { dirname, extname, join } from "node:path";
import manifest from "../../package.json" with { type: "json" };
import { systemClock } from "../core/clock.ts";
import { runGatewayProgram } from "../program/index.ts";

/** Runs the gateway in this process. @param file the program's own, a source or as it was built; the supervisor's stands beside it. */
export async function runHere(file: string): Promise<void> {
  const [stop, hurry] = [new AbortController(), new AbortController()];
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => (stop.signal.aborted ? hurry : stop).abort());
  }
  // Whoever reads the output may go away before the gateway does.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);

  const extension = extname(file);
  // Timers do not keep a process alive, and neither does a gateway whose listeners are closing; the program does.
  const running = setInterval(() => undefined, 2 ** 30);
  process.exitCode = await runGatewayProgram({
    argv: process.argv.slice(2),
    version: manifest.version,
    environment: process.env,
    hostname: hostname(),
    supervisorCommand: [process.execPath, join(dirname(file), `openshell-sandbox${extension}`)],
    commandLine: extension === ".ts" ? "npm run --silent openshell --" : "openshell",
    clock: systemClock,
    stdout: (text) => process.stdout.write(text),
    stderr: (text) => process.stderr.write(text),
    isTerminal: process.stderr.isTTY === true,
    stop: stop.signal,
    hurry: hurry.signal,
    onReload: (reload) => process.on("SIGHUP", reload),
  });
  clearInterval(running);
}
