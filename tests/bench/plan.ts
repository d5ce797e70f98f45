import type { Load } from "./load.ts";

/** How much is measured. */
export interface Plan {
  /** Rounds of each measurement; the middle one counts. */
  readonly rounds: number;
  /** How long one measurement takes, about, in seconds. */
  readonly seconds: number;
  readonly shapes: readonly Shape[];
  /** Calls of each method before anything is measured, so that what is called often is compiled. */
  readonly warmUpCalls: number;
  readonly sessions: number;
  readonly starts: number;
  /** Tokens that are revoked at one gateway and refused by another. */
  readonly revocations: number;
  /** Signing keys that take the place of the one before. */
  readonly rotations: number;
}

/** How calls come. */
export type Shape = Pick<Load, "connections" | "streams">;

/** Supervisors have a connection each; a proxy in front of them puts their calls on few. */
const shapes: readonly Shape[] = [
  { connections: 1, streams: 1 },
  { connections: 16, streams: 1 },
  { connections: 128, streams: 1 },
  { connections: 1, streams: 128 },
];

export const fullPlan: Plan = {
  rounds: 3,
  seconds: 1,
  shapes,
  warmUpCalls: 5_000,
  sessions: 1_000,
  starts: 5,
  revocations: 300,
  rotations: 3,
};
export const quickPlan: Plan = {
  rounds: 1,
  seconds: 0.5,
  shapes: shapes.slice(1, 3),
  warmUpCalls: 2_000,
  sessions: 200,
  starts: 3,
  revocations: 50,
  rotations: 1,
};
