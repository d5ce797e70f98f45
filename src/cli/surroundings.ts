import type { Clock } from "../core/clock.ts";

/** A place that text goes to; a stream of the process, or a test's collector. */
interface Output {
  write(text: string): unknown;
}

/** All that the command line knows of the process that it runs in. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Data, and nothing else. */
  readonly stdout: Output;
  /** What is said to a person: progress, hints, errors. */
  readonly stderr: Output;
  /** Aborts when the user interrupts the program. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** Whether `stdout` is a terminal. */
  readonly isTty: boolean;
}
