import { CommanderError } from "commander";
import { Cli, type GlobalOptions } from "./cli.ts";
import { exitCodes, Failure } from "./failure.ts";
import { printable } from "./output/index.ts";
import { addCommands, createProgram } from "./program.ts";
import type { Surroundings } from "./surroundings.ts";

interface RunOptions extends Surroundings {
  /** The arguments behind the program's name. */
  readonly argv: readonly string[];
  /** The program's version, for `--version`. */
  readonly version: string;
}

function reasons(thrown: unknown): string {
  const causes: string[] = [];
  for (let error = thrown; error instanceof Error && causes.length < 8; error = error.cause) causes.push(error.message);
  return causes.map(printable).join(": ");
}

function report(thrown: unknown, { stderr, signal }: Surroundings, verbose: boolean): number {
  if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  if (signal.aborted) {
    stderr.write("interrupted\n");
    return exitCodes.interrupted;
  }
  if (!(thrown instanceof Failure)) {
    stderr.write(`error: this should not have happened, please report it: ${reasons(thrown)}\n`);
    return exitCodes.failure;
  }
  stderr.write(`error: ${printable(thrown.message)}\n`);
  if (thrown.next) stderr.write(`  next: ${printable(thrown.next)}\n`);
  if (verbose && thrown.cause) stderr.write(`  cause: ${reasons(thrown.cause)}\n`);
  return thrown.exitCode;
}

/**
 * Runs one command of `openshell` and gives its exit code; it never rejects and never ends the process.
 * Exit codes: 0 done, 1 failed, 2 wrong usage, 124 out of time, 130 interrupted.
 */
export async function runCli(options: RunOptions): Promise<number> {
  const program = createProgram(options.version, options);
  const globals = () => program.opts<GlobalOptions>();
  addCommands(program, new Cli(options, options.argv, globals));
  try {
    await program.parseAsync(options.argv, { from: "user" });
    return exitCodes.ok;
  } catch (thrown) {
    return report(thrown, options, globals().verbose === true);
  }
}
