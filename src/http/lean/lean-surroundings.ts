import type { Clock } from "../../core/clock.ts";
import type { Log } from "../../core/log.ts";
import type { EndOfCall } from "../call/index.ts";
import type { Limits } from "../limits.ts";
import type { InFlight } from "../servers/index.ts";
import type { OverdueCalls } from "./overdue-calls.ts";

/** What all calls of the short way share. */
export interface LeanSurroundings {
  readonly limits: Limits;
  readonly clock: Clock;
  readonly log: Log;
  readonly inFlight: InFlight;
  readonly overdue: OverdueCalls;
  readonly ended: EndOfCall;
}
