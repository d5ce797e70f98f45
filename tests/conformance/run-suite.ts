import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { text } from "node:stream/consumers";

export interface SuiteRun {
  /** What the server claims, a YAML file. */
  readonly configuration: string;
  /** The command that starts it. */
  readonly server: readonly string[];
  /** Where all that the suite says is written. */
  readonly log: string;
}

export interface Outcome {
  readonly passed: number;
  readonly failed: number;
  /** What the suite says of cases that failed, the first of them where there are many. */
  readonly failures: string;
  /** The suite's own last lines. */
  readonly closing: string;
}

const mostFailureCharacters = 10_000;

/** Runs all cases that follow from a configuration. @throws Error where the suite does not come to its closing line. */
export async function runSuite(suite: string, { configuration, server, log }: SuiteRun): Promise<Outcome> {
  const program = spawn(suite, ["--mode", "server", "--conf", configuration, "--", ...server], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const closed = once(program, "close");
  const [output, complaints] = await Promise.all([text(program.stdout), text(program.stderr)]);
  const [status] = await closed;
  const all = output + complaints;
  await writeFile(log, all);
  const [closing, passed, failed] = /^(?:Total cases: .*\n)(\d+) passed, (\d+) failed.*\n/m.exec(all) ?? [];
  if (closing === undefined) throw new Error(`the suite ended with ${status}, see ${log}\n${all.slice(-2_000)}`);
  const outcome = { passed: Number(passed), failed: Number(failed), closing };
  if (status !== 0 && outcome.failed === 0) throw new Error(`the suite ended with ${status}, see ${log}`);
  return { ...outcome, failures: outcome.failed > 0 ? all.slice(0, mostFailureCharacters) : "" };
}
