import type { Clock } from "../core/clock.ts";
import type { AccountIds } from "./account-ids.ts";
import type { Environment } from "./environment.ts";
import type { Identity } from "./identity.ts";

/** What a process gives the supervisor; the program fills it from `process`, tests from what they like. */
export interface Host {
  readonly argv: readonly string[];
  readonly environment: Environment;
  /** The current directory. */
  readonly directory: string;
  readonly identity: Identity;
  readonly accounts: AccountIds;
  readonly clock: Clock;
  /** A number in [0, 1). */
  readonly random: () => number;
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  /** Sends a signal to a process, or to a group with a negative number; throws where there is none. */
  readonly kill: (pid: number, signal: NodeJS.Signals) => unknown;
  /** Aborts when the process is asked to end. */
  readonly signal: AbortSignal;
}
