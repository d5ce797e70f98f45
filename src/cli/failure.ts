/** What the program's exit status means to a script. */
export const exitCodes = {
  ok: 0,
  failure: 1,
  usage: 2,
  /** As `timeout(1)` has it. */
  timeout: 124,
  /** As a shell reports a program that ended by SIGINT. */
  interrupted: 130,
} as const;

type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

interface FailureOptions {
  /** What the user can do about it, as one sentence or command. */
  readonly next?: string | undefined;
  readonly exitCode?: ExitCode;
  readonly cause?: unknown;
}

/** Why a command did not do what was asked. The message names what happened and where. */
export class Failure extends Error {
  override readonly name = "Failure";
  readonly next: string | undefined;
  readonly exitCode: ExitCode;

  constructor(message: string, { next, exitCode = exitCodes.failure, cause }: FailureOptions = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.next = next;
    this.exitCode = exitCode;
  }
}

/** The command was spelled in a way that means nothing (exit code 2). */
export const usageFailure = (message: string, next?: string): Failure =>
  new Failure(message, { next, exitCode: exitCodes.usage });
